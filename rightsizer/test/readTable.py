"""Reads the usage table without our code: by pyiceberg and by DuckDB's own extension. Prints one JSON object."""

import importlib.util
import json
import os
import sys
from datetime import datetime, timezone

import duckdb
from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, LessThan
from pyiceberg.table import StaticTable

location, day, quota, older = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
table = StaticTable.from_metadata(location)


def summed(scan):
    rows = scan.to_arrow()
    used = sum(rows["used"].to_pylist())
    return {"rows": rows.num_rows, "used": used, "files": len(list(scan.plan_files()))}


def pruned():
    start = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
    end = start.replace(hour=23, minute=59, second=59)
    of_day = And(
        GreaterThanOrEqual("window_start", start.isoformat()),
        LessThan("window_start", end.isoformat()),
    )
    return summed(table.scan(row_filter=And(of_day, EqualTo("quota_id", quota))))


def by_duckdb():
    database = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    for name in ["avro", "iceberg"]:
        folder = importlib.util.find_spec(f"duckdb_extension_{name}").submodule_search_locations[0]
        database.execute(f"LOAD '{folder}/extensions/v1.5.5/{name}.duckdb_extension'")
    rows, used = database.execute(
        "SELECT count(*), sum(used) FROM iceberg_scan(?)", [location]
    ).fetchone()
    return {"rows": rows, "used": int(used)}


def in_order():
    """Whether each file is sorted as the table says."""
    import pyarrow.parquet

    for task in table.scan().plan_files():
        rows = pyarrow.parquet.read_table(task.file.file_path.removeprefix("file://"))
        keys = list(
            zip(*(rows[name].to_pylist() for name in ["quota_id", "resource", "window_start"]))
        )
        if keys != sorted(keys):
            return False
    return True


print(
    json.dumps(
        {
            "all": summed(table.scan()),
            "pruned": pruned(),
            "older": summed(table.scan(snapshot_id=older)),
            "added": table.scan().to_arrow()["colour"].to_pylist().count(None),
            "sorted": in_order(),
            "spec": [str(field.transform) for field in table.spec().fields],
            "snapshots": len(table.metadata.snapshots),
            "duckdb": by_duckdb(),
        }
    )
)
sys.stdout.flush()
os._exit(0)
