# Writes today's export for the page on which employees download it, and removes what is older than a month.
set -eu
python /app/manage.py dumpcsv --zip
python /app/manage.py clean_up_datawarehouse_disk --keep-n-days 30
