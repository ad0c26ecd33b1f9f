# Makes the indexes of reports and of standard texts where there are none, and puts into them what is of the last days.
# With the argument `setup`, an index that was made otherwise is made anew, from the database.
set -u
manage() { python /app/manage.py "$@"; }
# A command of the backend itself ends well where the search engine does not answer.
reports() {
  said=$(manage elastic_index "$@" 2>&1)
  code=$?
  printf '%s\n' "$said"
  case $said in *unreachable*) exit 1 ;; esac
  return "$code"
}
setup() { [ "${1:-}" = setup ]; }
if setup "$@"; then manage migrate --check || exit 1; fi # the tables are not there yet
# An index that a report made by itself has other types, which cannot be changed.
if ! reports --init; then
  setup "$@" || exit 1
  reports --clear-index --index-all || exit
fi
reports --from-date "$(date -u -d '3 days ago' +%F)" || exit
# The first backends that can be installed have no index of standard texts.
[ -f /app/signals/apps/search/management/commands/init_status_messages_index.py ] || exit 0
if ! manage init_status_messages_index; then
  setup "$@" || exit 1
  manage delete_status_messages_index || exit
  manage init_status_messages_index || exit
fi
manage index_status_messages
