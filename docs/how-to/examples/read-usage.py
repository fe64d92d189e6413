"""Reads the usage table with pyiceberg: by the catalog at PRORATA_URL, with the token in PRORATA_TOKEN.

The storage is read with credentials of your own; for S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_REGION, and AWS_ENDPOINT_URL where it is not Amazon's.
"""

import argparse
import json
import os

from pyiceberg.catalog.rest import RestCatalog

arguments = argparse.ArgumentParser()
arguments.add_argument("--looks", type=int, default=1, help="how often to read, one after another")
looks = arguments.parse_args().looks

storage = {
    "s3.endpoint": os.environ.get("AWS_ENDPOINT_URL"),
    "s3.access-key-id": os.environ.get("AWS_ACCESS_KEY_ID"),
    "s3.secret-access-key": os.environ.get("AWS_SECRET_ACCESS_KEY"),
    "s3.region": os.environ.get("AWS_REGION"),
}
catalog = RestCatalog(
    "prorata",
    uri=os.environ["PRORATA_URL"] + "/v1/iceberg",
    token=os.environ["PRORATA_TOKEN"],
    **{name: value for name, value in storage.items() if value},
)

for _ in range(looks):
    table = catalog.load_table("prorata.usage")
    rows = table.scan(selected_fields=("quota_id", "window_start", "used")).to_arrow()
    used = sum(rows.column("used").to_pylist())
    print(json.dumps({"rows": rows.num_rows, "used": used, "snapshot": table.current_snapshot().snapshot_id}))
