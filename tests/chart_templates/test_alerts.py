"""What the rules do, told by Prometheus itself: which alerts fire at which measurements."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.chart_templates.test_monitoring import alerts, rules
from tests.conftest import program

Series = Mapping[str, str]

HERE = 'namespace="signalen-acceptance"'
NGINX = f'exported_{HERE}, namespace="ingress-nginx", ingress="signalen-backend"'
MESHED = f'{HERE}, deployment="signalen-backend"'
CERTIFICATE = f'exported_{HERE}, namespace="cert-manager", name="signalen-backend-tls"'
DAY = 24 * 3600

# Measurements of two and a half hours, one a minute: `1x150` stays as it is, `0+60x150` grows by 60 each time.
WELL = {
    f'kube_deployment_status_replicas_available{{{HERE}, deployment="signalen-backend"}}': "2x150",
    f'kube_deployment_status_replicas_available{{{HERE}, deployment="signalen-frontend"}}': "2x150",
    f'kube_deployment_status_replicas_available{{{HERE}, deployment="signalen-backend-celery-worker"}}': "1x150",
    f'kube_deployment_status_replicas_available{{{HERE}, deployment="signalen-backend-celery-beat"}}': "1x150",
    f'kube_statefulset_status_replicas_ready{{{HERE}, statefulset="signalen-backend-postgresql"}}': "1x150",
    f'kube_statefulset_status_replicas_ready{{{HERE}, statefulset="signalen-backend-rabbitmq"}}': "1x150",
    f'kube_statefulset_status_replicas_ready{{{HERE}, statefulset="elasticsearch-master"}}': "1x150",
    f'kube_pod_container_status_restarts_total{{{HERE}, pod="api"}}': "1x150",
    f'kube_cronjob_created{{{HERE}, cronjob="signalen-backend-search-index"}}': f"-{30 * DAY}x150",
    f'kube_cronjob_status_last_successful_time{{{HERE}, cronjob="signalen-backend-search-index"}}': "-3600x150",
    f'kube_cronjob_next_schedule_time{{{HERE}, cronjob="signalen-backend-search-index"}}': f"{DAY}x150",
    f'kube_job_failed{{{HERE}, job_name="old", condition="true"}}': "1x150",
    f'kube_job_status_start_time{{{HERE}, job_name="old"}}': f"-{2 * DAY}x150",
    f'kubelet_volume_stats_available_bytes{{{HERE}, persistentvolumeclaim="media"}}': "40x150",
    f'kubelet_volume_stats_capacity_bytes{{{HERE}, persistentvolumeclaim="media"}}': "100x150",
    f'nginx_ingress_controller_requests{{{NGINX}, status="200"}}': "0+60x150",
    f'nginx_ingress_controller_requests{{{NGINX}, status="404"}}': "0+30x150",
    f'nginx_ingress_controller_requests{{{NGINX}, status="500"}}': "0+1x150",
    f'nginx_ingress_controller_request_duration_seconds_bucket{{{NGINX}, le="1"}}': "0+90x150",
    f'nginx_ingress_controller_request_duration_seconds_bucket{{{NGINX}, le="10"}}': "0+91x150",
    f'nginx_ingress_controller_request_duration_seconds_bucket{{{NGINX}, le="+Inf"}}': "0+91x150",
    f'rabbitmq_queue_messages_ready{{{HERE}, queue="celery"}}': "400-1x150",
    f'rabbitmq_queue_messages_ready{{{HERE}, queue="celeryev.1"}}': "0+9x150",
    f'flower_events_total{{{HERE}, task="mail", type="task-succeeded"}}': "0+9x150",
    f'flower_events_total{{{HERE}, task="mail", type="task-failed"}}': "0x75 1x75",
    f'pg_stat_database_numbackends{{{HERE}, datname="signalen"}}': "40x150",
    f"pg_settings_max_connections{{{HERE}}}": "100x150",
    f"certmanager_certificate_expiration_timestamp_seconds{{{CERTIFICATE}}}": f"{60 * DAY}x150",
    f"certmanager_certificate_renewal_timestamp_seconds{{{CERTIFICATE}}}": f"{30 * DAY}x150",
    f'up{{{HERE}, job="signalen-backend-rabbitmq"}}': "1x150",
}
NEVER = "_x150"  # no measurement


def of(name: str, also: str = "") -> str:
    """Return the one series of a measurement that has this text among its labels."""
    (found,) = [series for series in WELL if series.startswith(f"{name}{{") and also in series]
    return found


DOWN: dict[str, Series] = {
    "SignalenApiDown": {of("kube_deployment_status_replicas_available", '"signalen-backend"'): "0x150"},
    "SignalenSiteDown": {of("kube_deployment_status_replicas_available", "frontend"): "0x150"},
    "SignalenWorkersDown": {of("kube_deployment_status_replicas_available", "worker"): "0x150"},
    "SignalenDatabaseDown": {of("kube_statefulset_status_replicas_ready", "postgresql"): "0x150"},
    "SignalenQueueDown": {of("kube_statefulset_status_replicas_ready", "rabbitmq"): "0x150"},
    "SignalenSearchDown": {of("kube_statefulset_status_replicas_ready", "elasticsearch"): "0x150"},
    "SignalenPodRestarting": {of("kube_pod_container_status_restarts_total"): "0+1x150"},
    "SignalenErrors": {of("nginx_ingress_controller_requests", "500"): "0+10x150"},
    "SignalenSlow": {of("nginx_ingress_controller_request_duration_seconds_bucket", '"1"'): "0+9x150"},
    "SignalenQueueGrowing": {of("rabbitmq_queue_messages_ready", '"celery"'): "0+2x150"},
    "SignalenTasksFailing": {of("flower_events_total", "failed"): "0+1x150"},
    "SignalenSearchIndexBehind": {of("kube_cronjob_status_last_successful_time"): f"-{2 * DAY}x150"},
    "SignalenJobFailed": {of("kube_job_status_start_time"): "0x150"},
    "SignalenJobLate": {of("kube_cronjob_next_schedule_time"): "600x150"},
    "SignalenVolumeNearlyFull": {of("kubelet_volume_stats_available_bytes"): "10x150"},
    "SignalenDatabaseConnections": {of("pg_stat_database_numbackends"): "90x150"},
    "SignalenCertificateExpiring": {
        of("certmanager_certificate_expiration_timestamp_seconds"): f"{10 * DAY}x150",
        of("certmanager_certificate_renewal_timestamp_seconds"): f"-{DAY}x150",
    },
    "SignalenNotMeasured": {of("up"): "0x150"},
}


def fired(setup: str, series: Series, folder: Path, expected: Mapping[str, float], query: str) -> None:
    """Ask Prometheus what a query gives at the end of these measurements."""
    groups = [{"name": "all", "rules": rules(setup)}]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": query,
                "eval_time": "150m",
                "exp_samples": [{"labels": labels, "value": value} for labels, value in expected.items()],
            }
        ],
    }
    (folder / "rules.yaml").write_text(json.dumps({"groups": groups}), encoding="utf-8")
    tests = {"rule_files": ["rules.yaml"], "evaluation_interval": "5m", "tests": [test]}
    (folder / "test.yaml").write_text(json.dumps(tests), encoding="utf-8")
    command = [program("promtool", "Prometheus (Debian: prometheus)"), "test", "rules", "test.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def firing(changes: Series, folder: Path, **expected: float) -> None:
    """Check which alerts fire, and how often, where measurements are well but for these changes."""
    labels = {f'{{alertname="{name}"}}': times for name, times in expected.items()}
    fired("nginx", {**WELL, **changes}, folder, labels, 'count by (alertname) (ALERTS{alertstate="firing"})')


def test_nothing_fires_while_all_is_well(tmp_path: Path) -> None:
    firing({}, tmp_path)


def test_every_alert_is_tried() -> None:
    assert set(DOWN) == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("alert", DOWN)
def test_an_alert_fires_for_what_it_is_about_and_no_other_does(alert: str, tmp_path: Path) -> None:
    firing(DOWN[alert], tmp_path, **{alert: 1})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Twice: the warning, and what is critical.
        ({of("nginx_ingress_controller_requests", "500"): "0+90x150"}, {"SignalenErrors": 2}),
        ({of("kubelet_volume_stats_available_bytes"): "4x150"}, {"SignalenVolumeNearlyFull": 2}),
        # One request in ten minutes, which fails.
        (
            {
                of("nginx_ingress_controller_requests", "200"): "0x150",
                of("nginx_ingress_controller_requests", "404"): "0x150",
                of("nginx_ingress_controller_requests", "500"): "0+0.1x150",
            },
            {},
        ),
        # Many tasks, but fewer and fewer; and few, which come and go.
        ({of("rabbitmq_queue_messages_ready", '"celery"'): "9000-9x150"}, {}),
        ({of("rabbitmq_queue_messages_ready", '"celery"'): "0+0.1x150"}, {}),
        # A job that was never run: not yet, and not in two days.
        (
            {
                of("kube_cronjob_status_last_successful_time"): NEVER,
                of("kube_cronjob_created"): "0x150",
            },
            {},
        ),
        ({of("kube_cronjob_status_last_successful_time"): NEVER}, {"SignalenSearchIndexBehind": 1}),
        # A certificate for two days, which is renewed in time; and one that is not there yet.
        (
            {
                of("certmanager_certificate_expiration_timestamp_seconds"): f"{DAY}x150",
                of("certmanager_certificate_renewal_timestamp_seconds"): f"{DAY // 2}x150",
            },
            {},
        ),
        (
            {
                of("certmanager_certificate_expiration_timestamp_seconds"): "0x150",
                of("certmanager_certificate_renewal_timestamp_seconds"): "0x150",
            },
            {},
        ),
        # What is not measured says so, and is not taken for something that is down.
        ({series: NEVER for series in WELL if series.startswith("kube_deployment")}, {"SignalenNotMeasured": 1}),
        ({series: NEVER for series in WELL if series.startswith("nginx")}, {"SignalenNotMeasured": 1}),
        ({series: NEVER for series in WELL if series.startswith("certmanager")}, {"SignalenNotMeasured": 1}),
        # Of another environment in the same cluster.
        (
            {series.replace("acceptance", "production"): values for series, values in DOWN["SignalenApiDown"].items()},
            {},
        ),
    ],
)
def test_an_alert_fires_only_where_somebody_has_to_act(
    changes: Series, expected: dict[str, int], tmp_path: Path
) -> None:
    firing(changes, tmp_path, **expected)


# Who sees the requests: for each setup the series of two requests that succeed and one that fails a second, of which
# one in ten takes long, and what is seen of others.


def requests(name: str, labels: str, code: str, buckets: str, milliseconds: bool = False) -> dict[str, str]:
    scale = 1000 if milliseconds else 1
    return {
        f'{name}{{{labels}, {code}="200"}}': "0+120x150",
        f'{name}{{{labels}, {code}="503"}}': "0+60x150",
        f'{buckets}{{{labels}, le="{scale}"}}': "0+162x150",
        f'{buckets}{{{labels}, le="{3 * scale}"}}': "0+180x150",
        f'{buckets}{{{labels}, le="+Inf"}}': "0+180x150",
    }


SEEN: dict[str, tuple[str, Series]] = {
    "nginx": (
        "nginx",
        requests(
            "nginx_ingress_controller_requests",
            NGINX,
            "status",
            "nginx_ingress_controller_request_duration_seconds_bucket",
        ),
    ),
    "nginx, with its own labels": (
        "nginx",
        requests(
            "nginx_ingress_controller_requests",
            f'{HERE}, ingress="signalen-backend"',
            "status",
            "nginx_ingress_controller_request_duration_seconds_bucket",
        ),
    ),
    "traefik": (
        "traefik",
        requests(
            "traefik_service_requests_total",
            'service="signalen-acceptance-signalen-backend-80@kubernetes"',
            "code",
            "traefik_service_request_duration_seconds_bucket",
        ),
    ),
    "traefik, found by a Service": (
        "traefik",
        requests(
            "traefik_service_requests_total",
            'service="traefik", exported_service="signalen-acceptance-signalen-backend-http@kubernetes"',
            "code",
            "traefik_service_request_duration_seconds_bucket",
        ),
    ),
    "linkerd": (
        "own",
        {
            **requests(
                "response_total",
                f'{MESHED}, direction="inbound", route_name="default"',
                "status_code",
                "response_latency_ms_bucket",
                milliseconds=True,
            ),
            # What Kubernetes asks, and what the API itself asks of others.
            f'response_total{{{MESHED}, direction="inbound", route_name="probe", status_code="200"}}': "0+9x150",
            f'response_total{{{MESHED}, direction="outbound", status_code="200"}}': "0+9x150",
        },
    ),
}


@pytest.mark.parametrize("who", SEEN)
def test_requests_are_the_same_whoever_sees_them(who: str, tmp_path: Path) -> None:
    setup, series = SEEN[who]
    labels = 'namespace="signalen-acceptance", workload="signalen-backend"'
    rates: dict[str, Any] = {
        f'signalen:requests:rate5m{{{labels}, code="2xx"}}': 2,
        f'signalen:requests:rate5m{{{labels}, code="5xx"}}': 1,
    }
    fired(setup, series, tmp_path, rates, "signalen:requests:rate5m")
    # Nine in ten take a second at most, the others up to three: one in twenty takes longer than two.
    slow = {f'{{{labels}, quantile="0.95"}}': 2.0}
    fired(setup, series, tmp_path, slow, 'round(signalen:request_duration_seconds:quantile5m{quantile="0.95"}, 0.001)')
