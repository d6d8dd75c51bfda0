"""ESP-IDF's own NVS generator: the partition for a list of values, as base64."""

import base64
import io
import json
import sys

from esp_idf_nvs_partition_gen import nvs_partition_gen as gen


def make(job):
    out = io.BytesIO()
    with gen.nvs_open(out, job["size"], gen.Page.VERSION2) as nvs:
        for entry in job["entries"]:
            nvs.write_namespace(entry["namespace"])
            index = gen.get_namespace_idx(nvs)
            encoding = "hex2bin" if entry["type"] == "blob" else entry["type"]
            nvs.write_entry(entry["key"], entry["value"], encoding, index)
    return base64.b64encode(out.getvalue()).decode()


json.dump([make(job) for job in json.load(sys.stdin)], sys.stdout)
