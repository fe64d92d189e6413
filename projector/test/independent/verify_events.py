"""Verifies quota.events with nothing of Prorata, written from docs/reference alone (event-hash.md, anchors.md).

Needs `pip install 'confluent-kafka[avro,schemaregistry]' cryptography`: a Kafka client, a registry client, fastavro,
Ed25519. Prints {"events", "streams", "anchors", "signatures", "firstBad", "bad"}: of each partition what is wrong first,
and of all partitions the first. Exit 1 when something is. With --keys the signatures of anchors are checked, too.
"""
import argparse
import hashlib
import io
import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastavro import parse_schema, schemaless_reader

ANCHORED = "io.prorata.event.HeadsAnchored"
FIRST = "00" * 32
PURPOSE = b"prorata anchor 1\n"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def text(value):
    return json.dumps(value, ensure_ascii=False)


def plain(schema):
    """The schema without logical types: the canonical form is of what stands in the bytes."""
    if isinstance(schema, list):
        return [plain(part) for part in schema]
    if isinstance(schema, dict):
        return {key: plain(part) for key, part in schema.items() if key != "logicalType"}
    return schema


def canonical(schema, value, names):
    """The canonical text of a value: event-hash.md, its table from top to bottom."""
    if isinstance(schema, list):
        return "null" if value is None else canonical([s for s in schema if s != "null"][0], value, names)
    if isinstance(schema, str):
        schema = names.get(schema, {"type": schema})
    kind = schema["type"]
    if kind == "record":
        fields = sorted(schema["fields"], key=lambda field: field["name"])
        parts = (f"{text(f['name'])}:{canonical(f['type'], value[f['name']], names)}" for f in fields)
        return "{" + ",".join(parts) + "}"
    if kind == "array":
        return "[" + ",".join(canonical(schema["items"], item, names) for item in value) + "]"
    if kind == "map":
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        parts = (f"{text(key)}:{canonical(schema['values'], value[key], names)}" for key in keys)
        return "{" + ",".join(parts) + "}"
    if kind in ("null", "boolean", "string", "int", "enum"):
        return text(value)
    if kind == "long":
        return text(str(value))
    if kind in ("bytes", "fixed"):
        return text(value.hex())
    return canonical(kind, value, names)


def full_name(schema):
    name = schema["name"]
    return name if "." in name else schema.get("namespace", "") + "." + name


def declare(schema, names):
    """All named types: each is spelled out only where it comes first."""
    if isinstance(schema, dict) and schema.get("type") in ("record", "enum", "fixed"):
        names[full_name(schema)] = schema
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, (dict, list)):
            declare(part, names)


class Registry:
    def __init__(self, url):
        self.client, self.known = SchemaRegistryClient({"url": url}), {}

    def read(self, value):
        """The record's name, its fields and its canonical bytes; of an anchor also those that are signed."""
        if value is None or len(value) < 5 or value[0] != 0:
            raise ValueError("not in the wire format")
        number = int.from_bytes(value[1:5], "big")
        if number not in self.known:
            schema, names = plain(json.loads(self.client.get_schema(number).schema_str)), {}
            declare(schema, names)
            self.known[number] = (schema, parse_schema(schema), names)
        schema, parsed, names = self.known[number]
        body = io.BytesIO(value[5:])
        record = schemaless_reader(body, parsed, None)
        if body.read(1):
            raise ValueError("bytes behind the record")
        name = full_name(schema)

        def form(fields):
            return f"{{{text(name)}:{canonical(schema, fields, names)}}}".encode()

        unsigned = form({**record, "signature": b""}) if name == ANCHORED else b""
        return name, record, form(record), unsigned


def signed(keys, anchor, unsigned):
    """anchors.md, The signature; None: it is the key's."""
    key = keys.get(anchor["keyId"])
    if key is None:
        return f"there is no key {anchor['keyId']}"
    try:
        load_pem_public_key(key.encode()).verify(anchor["signature"], PURPOSE + unsigned)
    except InvalidSignature:
        return "its signature is not that of its key"


def root(heads):
    """anchors.md: RFC 9162's tree over the heads in the order of first events."""
    leaves = [f"[{text(s)},{text(str(v))},{text(h)}]".encode() for s, (v, h, _) in heads]
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [level[at:at + 2] for at in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\1" + p[0] + p[1]).digest() if len(p) == 2 else p[0] for p in pairs]
    return level[0].hex() if level else sha256(b"")


class Partition:
    def __init__(self, number, keys):
        self.number, self.keys, self.heads, self.bad = number, keys, {}, None
        self.events = self.anchors = 0

    def wrong(self, offset, stream, problem):
        if self.bad is None:
            self.bad = {"partition": self.number, "offset": offset, "stream": stream, "problem": problem}

    def take(self, message, registry):
        self.events += 1
        key, offset = (message.key() or b"").decode(), message.offset()
        try:
            name, record, form, unsigned = registry.read(message.value())
        except Exception as error:  # whatever is wrong with the bytes, the event cannot be read
            return self.wrong(offset, key, f"unreadable: {error}")
        envelope, digest = record["envelope"], sha256(form)
        stream, version = envelope["stream"], envelope["streamVersion"]
        before, carried, at = self.heads.get(stream, (0, FIRST, offset))
        self.heads[stream] = (version, digest, offset)
        if key != stream:
            return self.wrong(offset, stream, f"its key is {key}")
        if version != before + 1:
            return self.wrong(offset, stream, f"version {version} follows {before}")
        if envelope["previousHash"].hex() != carried:
            return self.wrong(at, stream, f"its hash is not the one that version {version} carries")
        if name == ANCHORED:
            problem = None if self.keys is None else signed(self.keys, record, unsigned)
            if problem is not None:
                return self.wrong(offset, stream, problem)
            self.check_anchor(record, stream, offset)

    def check_anchor(self, anchor, stream, offset):
        self.anchors += 1
        if stream != f"anchor:{self.number}":
            return self.wrong(offset, stream, "an anchor of another partition")
        for head in anchor["heads"]:
            version, digest, at = self.heads.get(head["stream"], (0, "", None))
            if (version, digest) != (head["streamVersion"], head["hash"].hex()):
                return self.wrong(at, head["stream"], f"it is not what was anchored at offset {offset}")
        heads = [(name, head) for name, head in self.heads.items() if not name.startswith("anchor:")]
        counted = (len(heads), sum(head[0] for _, head in heads))
        if counted != (anchor["streams"], anchor["events"]) or root(heads) != anchor["root"].hex():
            self.wrong(offset, stream, "its root is not that of the events before it")


def main():
    parser = argparse.ArgumentParser()
    for name in ("brokers", "registry", "username", "password-file", "topic"):
        parser.add_argument(f"--{name}", required=True)
    # The client wants a group's name; with assign() it is never joined.
    parser.add_argument("--group", default="reader.stranger")
    parser.add_argument("--keys", help="the public keys of anchors, {id: PEM}; without them no signature is checked")
    options = parser.parse_args()
    with open(options.password_file, encoding="utf-8") as file:
        password = file.read().strip()
    keys = None
    if options.keys is not None:
        with open(options.keys, encoding="utf-8") as file:
            keys = json.load(file)
    consumer = Consumer({
        "bootstrap.servers": options.brokers, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
        "sasl.username": options.username, "sasl.password": password, "group.id": options.group,
        "enable.auto.commit": False, "enable.partition.eof": True, "isolation.level": "read_committed",
    })
    registry = Registry(options.registry)
    numbers = consumer.list_topics(options.topic, timeout=15).topics[options.topic].partitions
    partitions = {number: Partition(number, keys) for number in numbers}
    consumer.assign([TopicPartition(options.topic, number, OFFSET_BEGINNING) for number in numbers])
    ended = set()
    while len(ended) < len(partitions):
        message = consumer.poll(30)
        if message is None:
            sys.exit("no answer from the broker for 30 s")
        if message.error() is None:
            partitions[message.partition()].take(message, registry)
        elif message.error().name() == "_PARTITION_EOF":
            ended.add(message.partition())
        else:
            sys.exit(str(message.error()))
    consumer.close()
    read = [partitions[number] for number in sorted(partitions)]
    bad = [partition.bad for partition in read if partition.bad is not None]
    print(json.dumps({
        "events": sum(partition.events for partition in read),
        "streams": sum(len(partition.heads) for partition in read),
        "anchors": sum(partition.anchors for partition in read),
        "signatures": "not checked" if keys is None else "checked",
        "firstBad": bad[0] if bad else None, "bad": bad,
    }))
    sys.exit(1 if bad else 0)


main()
