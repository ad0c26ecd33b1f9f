"""What the Pod Security Standards allow by name, and how a breach of them is written down."""

from __future__ import annotations

from typing import Final, NamedTuple

from signalen_toolkit.documents.data import Place

# Capabilities that a container may add at the level baseline: those that Docker gives by itself.
CAPABILITIES: Final = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
SELINUX_TYPES: Final = (
    None,
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
)
# Settings of the kernel that belong to one pod alone.
SYSCTLS: Final = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)
# Where a container has the node call something.
PROBES: Final[tuple[Place, ...]] = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)
# Kinds of volumes that a pod may have at the level restricted.
VOLUMES: Final = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
)


class Broken(NamedTuple):
    """What of a pod is not allowed, where, and what to do about it."""

    path: Place
    message: str
    hint: str


def broken(above: Place, field: str, message: str, hint: str) -> Broken:
    """Write down a breach in one field."""
    return Broken((*above, field), message, hint)
