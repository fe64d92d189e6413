"""Reads every record of some topics with nothing of Prorata: a Kafka client, a registry client, Avro.

Needs `pip install 'confluent-kafka[avro,schemaregistry]'`. Prints one JSON object a record:
the topic, the record's name (null: the topic carries plain bytes), and its fields.
"""
import argparse
import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

parser = argparse.ArgumentParser()
parser.add_argument("--brokers", required=True)
parser.add_argument("--registry", required=True)
parser.add_argument("--username", required=True)
parser.add_argument("--password-file", required=True)
parser.add_argument("topics", nargs="+")
options = parser.parse_args()
with open(options.password_file, encoding="utf-8") as file:
    password = file.read().strip()

registry = SchemaRegistryClient({"url": options.registry})
deserialize = AvroDeserializer(registry)
consumer = Consumer({
    "bootstrap.servers": options.brokers,
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "PLAIN",
    "sasl.username": options.username,
    "sasl.password": password,
    # The client wants a group's name; with assign() it is never joined.
    "group.id": "reader.stranger",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
})


def schema_name(value):
    """The record's name, from the schema id in bytes 1 to 4; None for plain bytes."""
    if len(value) < 5 or value[0] != 0:
        return None
    schema = registry.get_schema(int.from_bytes(value[1:5], "big"))
    return json.loads(schema.schema_str)["name"]


metadata = consumer.list_topics(timeout=15)
partitions = []
for topic in options.topics:
    known = metadata.topics.get(topic)
    if known is None or known.error is not None:
        sys.exit(f"{topic}: {known.error if known else 'unknown topic'}")
    partitions += [TopicPartition(topic, number, OFFSET_BEGINNING) for number in known.partitions]
consumer.assign(partitions)

ended = set()
while len(ended) < len(partitions):
    message = consumer.poll(30)
    if message is None:
        sys.exit("no answer from the broker for 30 s")
    if message.error() is not None:
        if message.error().name() != "_PARTITION_EOF":
            sys.exit(str(message.error()))
        ended.add((message.topic(), message.partition()))
        continue
    value = message.value()
    if value is None:
        continue
    name = schema_name(value)
    fields = None
    if name is not None:
        fields = deserialize(value, SerializationContext(message.topic(), MessageField.VALUE))
    print(json.dumps({"topic": message.topic(), "name": name, "fields": fields}, default=str))
consumer.close()
