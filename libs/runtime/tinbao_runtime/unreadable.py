"""Steps over records that the client library cannot decode: header names that are no UTF-8, a foreign compression.

It raises for the whole fetch, before anybody sees a record, and again at each try: one such record from one station
would stop the reading of all. A batch of the log can only be stepped over as a whole.
"""

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import UnsupportedCodecError

UNREADABLE = (UnicodeDecodeError, UnsupportedCodecError)

FETCH_MILLISECONDS = 2_000


async def rewind(client: AIOKafkaConsumer) -> None:
    """Back to what is committed: a fetch that raised may have passed over records of other partitions."""
    for partition in client.assignment():
        committed = await client.committed(partition)
        if committed is None:
            await client.seek_to_beginning(partition)
        else:
            client.seek(partition, committed)


async def find_unreadable(client: AIOKafkaConsumer) -> TopicPartition | None:
    """A partition whose next fetch cannot be decoded, if any. Moves positions: rewind afterwards."""
    ends = await client.end_offsets(list(client.assignment()))
    for partition, end in ends.items():
        if await client.position(partition) < end:
            try:
                await client.getmany(partition, timeout_ms=FETCH_MILLISECONDS)
            except UNREADABLE:
                return partition
    return None


async def step_over(client: AIOKafkaConsumer, partition: TopicPartition) -> int:
    """Move to the first offset after the batch that cannot be decoded, and return it."""
    first = await client.position(partition)
    end: int = (await client.end_offsets([partition]))[partition]
    for offset in range(first + 1, end):
        client.seek(partition, offset)
        try:
            await client.getmany(partition, timeout_ms=FETCH_MILLISECONDS, max_records=1)
        except UNREADABLE:
            continue
        client.seek(partition, offset)
        return offset
    client.seek(partition, end)
    return end
