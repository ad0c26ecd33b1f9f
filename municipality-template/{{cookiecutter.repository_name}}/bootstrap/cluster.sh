#!/usr/bin/env bash
# Connects a new cluster to this repository, once: Flux or Argo CD, the key to this repository, the age key, and the
# first sync. Without --apply it only shows what it would do. Every step may be repeated: what is there already stays.
# README.md beside this file tells more.
#
# What the form says comes from clusters/<environment>/bootstrap.yaml. Nothing here needs the Signalen Toolkit.
# Secret values never stand in an argument of a program, where every user of the machine can read them: they go through
# standard input, and through a folder that only the owner can read and that is removed in the end.
#
# It runs with the bash 3.2 of macOS too: no associative arrays, no empty arrays.
# Messages are for the administrator: Dutch.
set -euo pipefail
unset CDPATH

# What a new cluster gets; a cluster that has Flux or Argo CD already keeps its own.
# renovate: datasource=github-releases depName=fluxcd/flux2
FLUX_VERSION=v2.9.6
# renovate: datasource=github-releases depName=argoproj/argo-cd
ARGOCD_VERSION=v3.5.4

usage() {
  cat <<'TEXT'
Sluit een nieuw cluster één keer aan op deze repository.

  bootstrap/cluster.sh OMGEVING                laat zien wat er zou gebeuren, en wijzigt niets
  bootstrap/cluster.sh OMGEVING --apply        doet het, stap voor stap, na een vraag
  --context NAAM                               een ander cluster dan het huidige van kubectl
  --yes                                        vraag niets om te bevestigen

Variabelen, als ze nodig zijn:
  FLUX_MANIFEST, ARGOCD_MANIFEST   een bestand (of adres) in plaats van het manifest op internet
  KNOWN_HOSTS                      een bestand met de sleutel van de Git-server, in plaats van ssh-keyscan
  SOPS_AGE_KEY_FILE                het bestand met de age-sleutel, als dat niet op de gewone plaats staat
TEXT
}

# --- saying

say() { printf '  %s\n' "$*"; }

step() {
  current="stap $1, $2"
  printf '\nStap %s. %s\n' "$1" "$2"
}

fail() {
  printf '\nGestopt%s: %s\n' "${current:+ bij $current}" "$*" >&2
  exit 1
}

wrong_use() {
  printf '%s\n' "$*" >&2
  exit 2
}

# Something is missing: without it nothing can be applied, but what else would happen can still be shown.
lack() {
  [ "$apply" = no ] || fail "$*"
  say "! $*"
  lacking=$((lacking + 1))
}

confirm() {
  local answer=
  [ "$yes" = no ] || return 0
  printf '\n  %s [j/N] ' "$1"
  IFS= read -r answer || true
  case $answer in
    [jJ] | [jJ][aA]) ;;
    *) fail "niet bevestigd; wat hierboven nog niet gedaan is, is niet gedaan" ;;
  esac
}

# Writes a command so that it can be typed.
words() {
  local word text=
  for word in "$@"; do
    case $word in
      *\'*) word=$(printf %q "$word") ;;
      '' | *[!A-Za-z0-9_./:=@,+-]*) word="'$word'" ;;
    esac
    text="$text $word"
  done
  printf '%s' "${text# }"
}

show() {
  local text
  text=$(words "$@")
  printf '  $ %s\n' "${text//"$temporary"/TIJDELIJKE_MAP}"
}

# --- the cluster

k() { kubectl --context "$context" "$@"; }

# Shows a change of the cluster, and makes it with --apply.
run() {
  show kubectl --context "$context" "$@"
  [ "$apply" = yes ] || return 0
  k "$@" || fail "dit commando is mislukt; los op wat kubectl meldt, en draai bootstrap/cluster.sh opnieuw"
}

# Tells whether the cluster has an object. That it cannot be asked is no answer: it would be made a second time.
found() {
  local names
  [ "$reachable" = yes ] || return 1
  names=$(k get "$@" --ignore-not-found --output name) || fail "het cluster geeft geen antwoord op: kubectl get $*"
  [ -n "$names" ]
}

# Makes a Secret with one label of the values that kubectl reads itself, from files or standard input.
# Not with `apply`, which would keep a copy of the values in an annotation.
make_secret() {
  local name=$1 label=$2
  shift 2
  show kubectl --context "$context" create secret generic "$name" --namespace "$tool_namespace" "$@" \
    --dry-run=client --output yaml
  printf '      | %s\n' "$(words kubectl label --local --filename - "$label" --output yaml)"
  printf '      | %s\n' "$(words kubectl --context "$context" create --filename -)"
  [ "$apply" = yes ] || return 0
  k create secret generic "$name" --namespace "$tool_namespace" "$@" --dry-run=client --output yaml |
    kubectl label --local --filename - "$label" --output yaml |
    k create --filename - || fail "het Secret $name is niet gemaakt"
}

# --- the steps

read_arguments() {
  environment='' apply=no yes=no context=''
  while [ $# -gt 0 ]; do
    case $1 in
      --apply) apply=yes ;;
      --yes) yes=yes ;;
      --context)
        [ $# -gt 1 ] || wrong_use "achter --context hoort een naam; kubectl config get-contexts noemt ze"
        context=$2
        shift
        ;;
      --context=*) context=${1#--context=} ;;
      -h | --help)
        usage
        exit 0
        ;;
      -*) wrong_use "$1 is geen optie; bootstrap/cluster.sh --help noemt ze" ;;
      *)
        [ -z "$environment" ] || wrong_use "geef één omgeving, niet ook '$1'"
        environment=$1
        ;;
    esac
    shift
  done
}

# A file that was named, as seen from where the script was started.
from_here() {
  case $1 in
    '' | /* | http://* | https://*) printf '%s' "$1" ;;
    [~]/*) printf '%s' "$HOME/${1#[~]/}" ;;
    *) printf '%s/%s' "$PWD" "$1" ;;
  esac
}

known_environments() {
  local file names=
  for file in clusters/*/bootstrap.yaml; do
    [ -f "$file" ] || continue
    file=${file#clusters/}
    names="$names ${file%/bootstrap.yaml}"
  done
  printf '%s' "${names:- geen; maak ze met: signalen render}"
}

choose_environment() {
  facts=clusters/$environment/bootstrap.yaml
  case $environment in
    '') wrong_use "$(usage)

Omgevingen:$(known_environments)" ;;
    *[!a-z0-9-]*) ;;
    *) [ ! -f "$facts" ] || return 0 ;;
  esac
  wrong_use "er is geen omgeving '$environment'; in clusters/ staan:$(known_environments)"
}

# Reads one value of bootstrap.yaml, which has one on each line; a text that could mean something else has quotes.
fact() {
  local line value
  while IFS= read -r line; do
    case $line in
      "$1: "*) ;;
      *) continue ;;
    esac
    value=${line#"$1: "}
    case $value in
      '"'*'"')
        value=${value#'"'}
        value=${value%'"'}
        ;;
    esac
    case $value in
      *'"'* | *\\*) fail "$facts heeft bij $1 een waarde met tekens die dit script niet leest: $value" ;;
    esac
    printf '%s' "$value"
    return 0
  done <"$facts"
  fail "$facts heeft geen $1; maak het opnieuw met: signalen render"
}

# Reads the name of something in the cluster, or nothing: a name is never taken for an option of kubectl.
name_fact() {
  local value
  value=$(fact "$1") || exit 1
  case $value in
    -* | *[!a-z0-9.-]*) fail "$facts heeft bij $1 geen naam: $value" ;;
  esac
  printf '%s' "$value"
}

read_facts() {
  delivery=$(name_fact delivery)
  namespace=$(name_fact namespace)
  tool_namespace=$(name_fact toolNamespace)
  repository=$(fact repository)
  branch=$(fact branch)
  path_here=$(fact path)
  git_kind=$(name_fact gitServer)
  repository_secret=$(name_fact repositorySecret)
  secrets_provider=$(name_fact secretsProvider)
  key_secret=$(name_fact keySecret)
  plugin=$(fact plugin)
  folder=clusters/$environment/$(name_fact folder)
  case $delivery in
    flux)
      tool=Flux
      part_of=flux
      usual_namespace=flux-system
      variable=FLUX_MANIFEST
      manifest=https://github.com/fluxcd/flux2/releases/download/$FLUX_VERSION/install.yaml
      manifest=${flux_manifest:-$manifest}
      version=$FLUX_VERSION
      follower=gitrepositories.source.toolkit.fluxcd.io
      workloads='deployment/source-controller deployment/kustomize-controller deployment/helm-controller
        deployment/notification-controller'
      kinds='crd/gitrepositories.source.toolkit.fluxcd.io crd/helmrepositories.source.toolkit.fluxcd.io
        crd/kustomizations.kustomize.toolkit.fluxcd.io crd/helmreleases.helm.toolkit.fluxcd.io
        crd/alerts.notification.toolkit.fluxcd.io crd/providers.notification.toolkit.fluxcd.io'
      secret_label=app.kubernetes.io/part-of=signalen
      ;;
    argocd)
      tool='Argo CD'
      part_of=argocd
      usual_namespace=argocd
      variable=ARGOCD_MANIFEST
      manifest=https://raw.githubusercontent.com/argoproj/argo-cd/$ARGOCD_VERSION/manifests/install.yaml
      manifest=${argocd_manifest:-$manifest}
      version=$ARGOCD_VERSION
      follower=applications.argoproj.io
      workloads='statefulset/argocd-application-controller deployment/argocd-repo-server deployment/argocd-server'
      kinds='crd/applications.argoproj.io crd/appprojects.argoproj.io'
      secret_label=argocd.argoproj.io/secret-type=repository
      ;;
    *) fail "$facts noemt '$delivery', en dit script kent flux en argocd" ;;
  esac
  git_host=''
  case $repository in
    ssh://*) read_ssh_address ;;
  esac
}

read_ssh_address() {
  local server=${repository#ssh://}
  server=${server%%/*}
  server=${server##*@}
  git_host=${server%%:*}
  git_port=22
  case $server in
    *:*) git_port=${server##*:} ;;
  esac
  case $git_host in
    '' | -* | *[!A-Za-z0-9.-]*) fail "in het adres $repository staat geen servernaam die dit script leest" ;;
  esac
  case $git_port in
    '' | *[!0-9]*) fail "in het adres $repository staat geen poort die dit script leest" ;;
  esac
  # As known_hosts has it.
  git_server=$git_host
  [ "$git_port" = 22 ] || git_server="[$git_host]:$git_port"
}

check() {
  local program programs=kubectl
  step 1 'Controleren'
  [ -z "$git_host" ] || programs='kubectl ssh-keygen ssh-keyscan'
  for program in $programs; do
    command -v "$program" >/dev/null || lack "het programma $program ontbreekt op deze computer"
  done
  [ -f "$folder/kustomization.yaml" ] || lack "$folder/ ontbreekt; maak het met: signalen render"
  choose_cluster
  say "omgeving:   $environment, namespace $namespace"
  say "repository: $repository, branch $branch"
  say "cluster:    ${context:-onbekend}${server:+, $server}"
  say "GitOps:     $tool, namespace $tool_namespace"
  check_followers
}

# What is called after the namespace may be of another municipality, or of another tool: it is never taken over unasked.
check_followers() {
  local followers kind place name url
  tended_from=''
  [ "$reachable" = yes ] || return 0
  followers=$(
    followers_of gitrepositories.source.toolkit.fluxcd.io .spec.url
    followers_of applications.argoproj.io .spec.source.repoURL
  ) || exit 1
  while read -r kind place name url; do
    [ "$name" = "$namespace" ] || continue
    if [ "${url%.git}" != "${repository%.git}" ]; then
      lack "namespace $namespace volgt in dit cluster een andere repository: $url ($kind in namespace $place)." \
        "Geef deze omgeving in het formulier een andere cluster.namespace. Is de repository zelf verhuisd? Wijzig dan" \
        "eerst het adres in dat object met kubectl edit"
    elif [ "$kind" != "$follower" ]; then
      tended_by_another "$kind" "$place"
    elif [ "$place" != "$tool_namespace" ]; then
      # Where the tool itself runs elsewhere, the next step has a better word for it.
      tended_from=$place
    fi
  done <<<"$followers"
  check_folders
}

# Two municipalities may be in one repository: then the folder tells which of them an environment is of.
check_folders() {
  local followers kind place name path
  followers=$(
    followers_of kustomizations.kustomize.toolkit.fluxcd.io .spec.path
    followers_of applications.argoproj.io .spec.source.path
  ) || exit 1
  while read -r kind place name path; do
    [ "$name" = "$namespace" ] || continue
    case ${path#./}/ in
      "${path_here:+$path_here/}clusters/$environment"/*) ;;
      *)
        lack "namespace $namespace volgt in dit cluster een andere map van de repository: $path ($kind in namespace" \
          "$place). Geef deze omgeving in het formulier een andere cluster.namespace. Is de map zelf verhuisd? Wijzig" \
          "dan eerst het pad in dat object met kubectl edit"
        ;;
    esac
  done <<<"$followers"
}

tended_by_another() {
  lack "namespace $namespace wordt in dit cluster al verzorgd door een ander: $1 in namespace $2." \
    "signalen handover $environment brengt een omgeving in stappen over, en noemt wat er eerst los moet"
}

# Prints a line for each object of a kind that follows a repository: kind, namespace, name, and its address or path.
followers_of() {
  local line="$1{\" \"}{.metadata.namespace}{\" \"}{.metadata.name}{\" \"}{$2}{\"\\n\"}"
  found "crd/$1" || return 0
  k get "$1" --all-namespaces --output "jsonpath={range .items[*]}$line{end}" ||
    fail "het cluster zegt niet welke repositories het volgt"
}

choose_cluster() {
  reachable=no server=
  command -v kubectl >/dev/null || return 0
  if [ -z "$context" ]; then
    context=$(kubectl config current-context 2>/dev/null) || context=
    [ -n "$context" ] || lack "kubectl kent geen huidig cluster; kies er een met --context NAAM"
  elif ! kubectl config get-contexts "$context" >/dev/null 2>&1; then
    wrong_use "kubectl kent geen context '$context'; kubectl config get-contexts noemt ze"
  fi
  [ -n "$context" ] || return 0
  server=$(k config view --minify --output 'jsonpath={.clusters[0].cluster.server}') || server=
  if k get --raw /version --request-timeout=15s >/dev/null 2>&1; then
    reachable=yes
  else
    lack "het cluster van context $context geeft geen antwoord${server:+ op $server}; meld u aan bij het cluster"
  fi
}

# Prints a line for each running part of the tool, wherever it is: namespace, component, image.
parts() {
  [ "$reachable" = yes ] || return 0
  local line='{.metadata.namespace}{" "}{.metadata.labels.app\.kubernetes\.io/component}{" "}'
  line=$line'{.spec.template.spec.containers[0].image}{"\n"}'
  k get deployments,statefulsets --all-namespaces --selector "app.kubernetes.io/part-of=$part_of" --output \
    "jsonpath={range .items[*]}$line{end}"
}

install_tool() {
  local running workload component elsewhere missing=''
  step 2 "$tool installeren"
  running=$(parts) || fail "het cluster zegt niet of $tool er draait; los op wat kubectl meldt"
  for workload in $workloads; do
    component=${workload#*/}
    component=${component#argocd-}
    grep -q "^$tool_namespace $component " <<<"$running" || missing="$missing $component"
  done
  if [ -z "$missing" ]; then
    say "$tool draait al in namespace $tool_namespace, en blijft zoals het is:"
    grep "^$tool_namespace " <<<"$running" | while read -r _ component image; do say "  $component  $image"; done
    [ "$delivery" = flux ] || ask_for_limit
    return 0
  fi
  elsewhere=$(grep -v "^$tool_namespace " <<<"$running" | cut -d ' ' -f 1 | sort -u | tr '\n' ' ' || true)
  if [ -n "${elsewhere// /}" ]; then
    lack "$tool draait al, maar in namespace ${elsewhere% }; zet die in het formulier bij sync.namespace, en render"
    return 0
  fi
  check_namespace
  case $manifest in
    http://* | https://*) ;;
    *) [ -f "$manifest" ] || lack "$variable noemt $manifest, en dat bestand is er niet" ;;
  esac
  install_manifest
}

# The manifests of both tools name their own namespace, also where kubectl cannot change it.
check_namespace() {
  if [ "$tool_namespace" != "$usual_namespace" ] && [ -z "$flux_manifest$argocd_manifest" ]; then
    lack "het manifest van $tool installeert in namespace $usual_namespace, en sync.namespace is $tool_namespace." \
      "Zet sync.namespace op $usual_namespace, of geef met $variable een manifest dat voor $tool_namespace gemaakt is"
  fi
}

install_manifest() {
  local workload
  say "versie $version"
  if [ "$delivery" = flux ]; then
    # What makes commits by itself is not needed, so it does not run.
    run apply --server-side --filename "$manifest" --selector \
      'app.kubernetes.io/component notin (image-reflector-controller,image-automation-controller,source-watcher)'
  else
    found namespace "$tool_namespace" || run create namespace "$tool_namespace"
    run apply --server-side --namespace "$tool_namespace" --filename "$manifest"
  fi
  # shellcheck disable=SC2086  # several words
  run wait --for=condition=Established --timeout=1m $kinds
  for workload in $workloads; do
    run rollout status "$workload" --namespace "$tool_namespace" --timeout=5m
  done
  if [ "$delivery" = argocd ]; then
    run apply --server-side --force-conflicts --field-manager signalen-bootstrap --namespace "$tool_namespace" \
      --filename bootstrap/argocd-cmd-params-cm.yaml
    # It reads its settings when it starts.
    run rollout restart statefulset/argocd-application-controller --namespace "$tool_namespace"
    run rollout status statefulset/argocd-application-controller --namespace "$tool_namespace" --timeout=5m
  fi
}

# An Argo CD that is somebody else's is not changed: its settings hold for all Applications.
ask_for_limit() {
  local told
  told=$(k get configmap argocd-cmd-params-cm --namespace "$tool_namespace" --ignore-not-found \
    --output 'jsonpath={.data.controller\.sync\.timeout\.seconds}') || return 0
  case $told in
    '' | 0) ;;
    *) return 0 ;;
  esac
  say "Deze Argo CD kent geen tijdslimiet voor een synchronisatie: na een fout kan een juiste wijziging blijven wachten."
  say "Overleg met wie deze Argo CD beheert of dit erbij mag, en start daarna argocd-application-controller opnieuw:"
  show kubectl --context "$context" apply --server-side --namespace "$tool_namespace" \
    --filename bootstrap/argocd-cmd-params-cm.yaml
}

give_access() {
  step 3 "Toegang tot de repository"
  if [ -z "$repository_secret" ]; then
    say "$tool leest $repository zonder zich aan te melden."
    say "Is de repository besloten? Zet dan in het formulier bij repository.secret een naam, en render."
    return 0
  fi
  if [ "$delivery" = argocd ] && [ -n "$git_host" ]; then
    trust_server
  fi
  if found secret "$repository_secret" --namespace "$tool_namespace"; then
    say "Secret $repository_secret in namespace $tool_namespace is er al, en blijft zoals het is."
  elif [ -n "$git_host" ]; then
    make_deploy_key
  else
    ask_token
  fi
}

# Argo CD knows the servers of GitHub, GitLab and the like; of another one it has to be told the key.
trust_server() {
  local known=argocd-ssh-known-hosts-cm
  if [ "$reachable" = yes ]; then
    k get configmap "$known" --namespace "$tool_namespace" --ignore-not-found \
      --output 'jsonpath={.data.ssh_known_hosts}' >"$temporary/all" || fail "ConfigMap $known is niet te lezen"
    if ssh-keygen -F "$git_server" -f "$temporary/all" >/dev/null 2>&1; then
      say "Argo CD kent de server $git_server al."
      return 0
    fi
  fi
  scan_server
  show kubectl --context "$context" create configmap "$known" --namespace "$tool_namespace" \
    "--from-file=ssh_known_hosts=$temporary/all" --dry-run=client --output yaml
  printf '      | %s\n' "$(words kubectl --context "$context" apply --server-side --force-conflicts \
    --field-manager signalen-bootstrap --filename -)"
  [ "$apply" = yes ] || return 0
  { printf '\n' && cat "$temporary/known_hosts"; } >>"$temporary/all"
  # Applied on the server, so that what else the ConfigMap has stays.
  k create configmap "$known" --namespace "$tool_namespace" "--from-file=ssh_known_hosts=$temporary/all" \
    --dry-run=client --output yaml |
    k apply --server-side --force-conflicts --field-manager signalen-bootstrap --filename - ||
    fail "de sleutel van $git_server is niet aan Argo CD gegeven"
}

# Leaves the keys of the Git server in known_hosts, after a person has compared them.
scan_server() {
  local file=$temporary/known_hosts
  if [ -n "$known_hosts" ]; then
    show ssh-keygen -F "$git_server" -f "$known_hosts"
    [ -f "$known_hosts" ] || lack "KNOWN_HOSTS noemt $known_hosts, en dat bestand is er niet"
    [ "$apply" = yes ] || return 0
    ssh-keygen -F "$git_server" -f "$known_hosts" | grep -v '^#' >"$file" || true
    [ -s "$file" ] || fail "$known_hosts heeft geen sleutel van $git_server"
    return 0
  fi
  show ssh-keyscan -T 15 -p "$git_port" "$git_host"
  [ "$apply" = yes ] || return 0
  ssh-keyscan -T 15 -p "$git_port" "$git_host" 2>/dev/null | grep -v '^#' >"$file" || true
  [ -s "$file" ] || fail "de Git-server $git_server geeft zijn sleutel niet; geef die met KNOWN_HOSTS=<bestand>"
  say "Vergelijk deze vingerafdrukken met wat de beheerder van $git_host opgeeft:"
  ssh-keygen -l -f "$file" | while IFS= read -r line; do say "  $line"; done
  confirm "Zijn dit de sleutels van $git_host?"
}

make_deploy_key() {
  local key=$temporary/identity
  [ "$delivery" = argocd ] || scan_server
  # Azure DevOps takes RSA keys only.
  if [ "$git_kind" = azure ]; then
    set -- -t rsa -b 4096
  else
    set -- -t ed25519
  fi
  show ssh-keygen -q "$@" -N '' -C "$namespace" -f "$key"
  if [ "$apply" = yes ]; then
    ssh-keygen -q "$@" -N '' -C "$namespace" -f "$key" || fail "ssh-keygen heeft geen sleutel gemaakt"
  fi
  if [ "$delivery" = flux ]; then
    make_secret "$repository_secret" "$secret_label" "--from-file=identity=$key" "--from-file=identity.pub=$key.pub" \
      "--from-file=known_hosts=$temporary/known_hosts"
  else
    make_secret "$repository_secret" "$secret_label" --from-literal=type=git "--from-literal=url=$repository" \
      "--from-file=sshPrivateKey=$key" "--from-file=identity.pub=$key.pub"
  fi
  say "De publieke sleutel moet in de Git-server, met alleen leesrechten:"
  case $git_kind in
    github) say "  Settings > Deploy keys > Add deploy key, zonder 'Allow write access'" ;;
    gitlab) say "  Settings > Repository > Deploy keys, zonder 'Grant write permissions'" ;;
    azure) say "  User settings > SSH public keys, van een account dat de repository alleen mag lezen" ;;
    *) say "  Settings > Deploy Keys > Add Deploy Key, zonder schrijfrechten" ;;
  esac
  [ "$apply" = yes ] || return 0
  printf '\n'
  cat "$key.pub"
  if [ "$yes" = no ]; then
    printf '\n  Druk op Enter als deze sleutel in de Git-server staat. '
    IFS= read -r _ || true
  fi
}

ask_token() {
  local user='' token=''
  say "De gebruikersnaam en een token dat de repository alleen mag lezen, worden gevraagd."
  if [ "$apply" = no ]; then
    make_secret "$repository_secret" "$secret_label" --from-env-file=/dev/stdin
    return 0
  fi
  printf '  Gebruikersnaam (bij de meeste servers mag dit iets willekeurigs zijn) [git]: '
  IFS= read -r user || true
  printf '  Token (u ziet niet wat u typt): '
  IFS= read -rs token || true
  printf '\n'
  [ -n "$token" ] || fail "zonder token kan $tool deze repository niet lezen"
  # printf is part of the shell: its arguments are no program's.
  {
    [ "$delivery" = flux ] || printf 'type=git\nurl=%s\n' "$repository"
    printf 'username=%s\npassword=%s\n' "${user:-git}" "$token"
  } | make_secret "$repository_secret" "$secret_label" --from-env-file=/dev/stdin
}

give_age_key() {
  local file
  step 4 "De age-sleutel"
  if [ "$secrets_provider" != sops ]; then
    say "De geheimen staan niet in deze repository (secrets.provider is $secrets_provider): niets te doen."
    return 0
  fi
  [ -d "secrets/$environment" ] ||
    say "Let op: secrets/$environment/ is er nog niet; maak het met: signalen secrets init $environment"
  if [ "$delivery" = argocd ] && [ -n "$plugin" ]; then
    say "Argo CD ontsleutelt met de plugin '$plugin'. Die hoort bij Argo CD zelf, en krijgt daar de age-sleutel."
    return 0
  elif [ "$delivery" = argocd ]; then
    say "Argo CD ontsleutelt zonder plugin niets; aan het eind staat hoe u de geheimen zelf aanbrengt."
    return 0
  fi
  if found secret "$key_secret" --namespace "$tool_namespace"; then
    say "Secret $key_secret in namespace $tool_namespace is er al, en blijft zoals het is."
    return 0
  fi
  [ -n "$age_key_file" ] || find_age_key
  file=$age_key_file
  if [ ! -f "$file" ]; then
    lack "er is geen age-sleutel in $file; zet daar de kopie die de gemeente bewaart, of noem hem met SOPS_AGE_KEY_FILE"
  elif ! grep -q '^AGE-SECRET-KEY-1' "$file"; then
    lack "in $file staat geen geheime age-sleutel (AGE-SECRET-KEY-1…)"
  fi
  make_secret "$key_secret" app.kubernetes.io/part-of=signalen "--from-file=age.agekey=$file"
}

# The place that the form leads to; else whichever file on this computer has a key for which the secrets are encrypted:
# the address of the repository may have been another, and an older toolkit called the place after the folder.
find_age_key() {
  local home=${XDG_CONFIG_HOME:-$HOME/.config} recipient found
  age_key_file=$(fact ageKey)
  age_key_file=$home/$age_key_file
  if [ -f "$age_key_file" ] || [ ! -d "secrets/$environment" ]; then
    return 0
  fi
  while IFS= read -r recipient; do
    found=$(grep -rlF -- "$recipient" "$home/signalen/age" 2>/dev/null | sort | sed 1q) || true
    if [ -n "$found" ]; then
      age_key_file=$found
      return 0
    fi
  done < <(grep -rhoE 'age1[0-9a-z]{58}' "secrets/$environment" | sort -u)
}

start_sync() {
  local file=clusters/$environment/namespace.yaml
  step 5 "De eerste synchronisatie"
  if [ -f "$file" ] && ! has_namespaces "$file"; then
    run apply --server-side --filename "$file"
  fi
  run apply --kustomize "$folder"
  # All environments of one Argo CD share this object: each adds to it under a name of its own.
  file=clusters/$environment/argocd/notifications.yaml
  if [ -f "$file" ]; then
    run apply --server-side --field-manager "$namespace" --filename "$file"
    say "  Zet ook de adressen en tokens van de berichten in het Secret argocd-notifications-secret:"
    say "  welke sleutels, zegt 'signalen secrets check'."
  fi
  if [ "$delivery" = flux ]; then
    await "gitrepositories.source.toolkit.fluxcd.io/$namespace" condition=Ready not_fetched
    # Ready once all is applied; what becomes of each release, its HelmRelease says.
    await "kustomizations.kustomize.toolkit.fluxcd.io/$namespace" condition=Ready not_applied
  else
    # In sync once the Applications of all components are there; each then installs its own.
    await "applications.argoproj.io/$namespace" 'jsonpath={.status.sync.status}=Synced' not_fetched
  fi
}

# Waits until an object is as it should be; else calls what tells why it is not.
await() {
  show kubectl --context "$context" wait "$1" --namespace "$tool_namespace" "--for=$2" --timeout=5m
  [ "$apply" = yes ] || return 0
  k wait "$1" --namespace "$tool_namespace" "--for=$2" --timeout=5m || "$3" "$1"
}

reason_of() { k get "$1" --namespace "$tool_namespace" --output 'jsonpath={.status.conditions[*].message}' || true; }

not_applied() {
  local reason
  reason=$(reason_of "$1")
  fail "$tool heeft de repository opgehaald, en past haar nog niet toe${reason:+: $reason}." \
    "Het cluster probeert het elke minuut opnieuw; los op wat er staat, en draai bootstrap/cluster.sh opnieuw"
}

# Namespaces that are there may have got what this copy of the repository does not know yet.
has_namespaces() {
  local names
  [ "$reachable" = yes ] || return 1
  names=$(k get --filename "$1" --ignore-not-found --output name) || fail "het cluster zegt niet of de namespace er is"
  [ "$(grep -c . <<<"$names")" -ge "$(grep -c '^kind: Namespace$' "$1")" ]
}

not_fetched() {
  local reason public=''
  reason=$(reason_of "$1")
  if [ -n "$git_host" ]; then
    public=$(k get secret "$repository_secret" --namespace "$tool_namespace" \
      --output 'jsonpath={.data.identity\.pub}') || true
  fi
  if [ -n "$public" ]; then
    say "De publieke sleutel, die met leesrechten in de Git-server moet staan:"
    # An older macOS calls the option -D.
    base64 -d <<<"$public" 2>/dev/null || base64 -D <<<"$public" || true
  fi
  fail "$tool heeft de repository nog niet opgehaald${reason:+: $reason}." \
    "Mag $tool haar lezen, en is branch $branch gepusht? Draai daarna bootstrap/cluster.sh opnieuw"
}

say_what_is_next() {
  printf '\nDaarna\n'
  case $secrets_provider in
    existing)
      say "Maak de Secrets in het cluster: README.md noemt ze bij 'Welke Secrets er zijn'. De namespaces zijn er nu."
      ;;
    external-secrets) say "Zorg dat de External Secrets-operator draait, en dat de waarden in de kluis staan." ;;
    sops)
      if [ "$delivery" = argocd ] && [ -z "$plugin" ]; then
        say "Breng de geheimen aan, ook na elke wijziging ervan:"
        say "\$ for bestand in secrets/$environment/*.yaml; do sops decrypt \"\$bestand\" |" \
          "$(words kubectl --context "$context" apply --filename -); done"
      fi
      ;;
  esac
  say "Volg hoe alles start; de eerste keer duurt dat een half uur:"
  if [ "$delivery" = flux ]; then
    show kubectl --context "$context" get helmreleases.helm.toolkit.fluxcd.io --namespace "$namespace" --watch
  else
    show kubectl --context "$context" get applications.argoproj.io --namespace "$tool_namespace" --watch
    say "Een Application die op OutOfSync blijft staan, wacht op u: synchroniseer haar in Argo CD. In productie geldt dat"
    say "voor elke Application, tenzij in het formulier sync.automatic aanstaat."
  fi
  say "Het cluster volgt nu branch $branch van deze repository. Dit script is hierna niet meer nodig."
}

clean_up() {
  rm -rf "$temporary"
  # Somebody who broke off at the token would not see what he types.
  if [ -t 0 ]; then stty echo 2>/dev/null || true; fi
}

main() {
  local memory=${XDG_RUNTIME_DIR:-}
  current='' lacking=0
  read_arguments "$@"
  flux_manifest=$(from_here "${FLUX_MANIFEST:-}")
  argocd_manifest=$(from_here "${ARGOCD_MANIFEST:-}")
  known_hosts=$(from_here "${KNOWN_HOSTS:-}")
  age_key_file=$(from_here "${SOPS_AGE_KEY_FILE:-}")
  root=$(cd "$(dirname "$0")/.." && pwd -P)
  cd "$root"
  choose_environment
  read_facts

  umask 077
  if [ ! -d "$memory" ] || [ ! -w "$memory" ]; then memory=${TMPDIR:-/tmp}; fi
  temporary=$(mktemp -d "${memory%/}/signalen.XXXXXX")
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM

  check
  [ "$apply" = no ] || confirm "Dit cluster wijzigen?"
  install_tool
  [ -z "$tended_from" ] || tended_by_another "$follower" "$tended_from"
  give_access
  give_age_key
  start_sync
  say_what_is_next
  if [ "$apply" = no ]; then
    current=
    printf '\nEr is niets gewijzigd.\n'
    [ "$lacking" = 0 ] || fail "los eerst op wat hierboven achter een ! staat ($lacking)"
    printf 'Zo gebeurt het echt:\n  $ %s\n' "$(words bootstrap/cluster.sh "$environment" --context "$context" --apply)"
  fi
}

main "$@"
