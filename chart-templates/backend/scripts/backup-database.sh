#!/bin/sh
# Makes a copy of the database in /backup, and removes the oldest where there are more than KEEP.
# The database is named by the variables of libpq: PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD.
set -eu
umask 077
folder=${FOLDER:-/backup}
copy="$folder/$(date -u +%Y-%m-%dT%H-%M-%SZ).dump"
# What a killed run left behind, and below what a failed one would leave: the next one needs the room.
rm -f -- "$folder"/*.part
trap 'rm -f -- "$copy.part"' EXIT
pg_dump --format=custom --no-password --file="$copy.part"
# A copy that cannot be read to its end is none.
pg_restore --file=/dev/null "$copy.part"
mv -- "$copy.part" "$copy"
# The names sort by time.
count=$(ls "$folder" | grep -c '\.dump$')
ls "$folder" | grep '\.dump$' | head -n "$((count > KEEP ? count - KEEP : 0))" | while read -r old; do
  rm -- "$folder/$old"
done
echo "made $copy; $(ls "$folder" | grep -c '\.dump$') copies kept"
