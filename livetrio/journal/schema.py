"""The journal's tables: which column keeps which field of which value, and in what form.

Decimals are kept as text, digit for digit; enums by their values; instants as integers, UTC nanoseconds. A
change of any column makes another schema: `SCHEMA_VERSION` counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any, Generic, TypeVar

import attrs
import msgspec

from livetrio.model import (
    Fill,
    FundingPayment,
    InstrumentId,
    Liquidity,
    Order,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from livetrio.model.order import CLOSED_STATUSES

APPLICATION_ID = 0x6C747269
"""SQLite's mark of whose file it is: "ltri"."""

SCHEMA_VERSION = 1
"""SQLite's ``user_version``: goes up whenever a table changes, or a kind of event is added. A table
more, which earlier versions do not miss, is no other schema."""

T = TypeVar("T")
Convert = Callable[[Any], Any]


@attrs.frozen
class Column:
    """One column, and how a field of a value becomes a cell of it and is read back."""

    name: str
    type: str
    """SQLite's, with what else the table says of the column."""
    field: str
    write: Convert | None = None
    """None: SQLite takes the field as it is. (What is None is NULL everywhere.)"""
    read: Convert | None = None


def _text(name: str, *, field: str | None = None, optional: bool = False) -> Column:
    return Column(name, "TEXT" if optional else "TEXT NOT NULL", field or name)


def _integer(name: str, *, optional: bool = False) -> Column:
    return Column(name, "INTEGER" if optional else "INTEGER NOT NULL", name)


def _flag(name: str) -> Column:
    return Column(name, "INTEGER NOT NULL", name, read=bool)


def _decimal(name: str, *, field: str | None = None, optional: bool = False) -> Column:
    return Column(name, "TEXT" if optional else "TEXT NOT NULL", field or name, write=str, read=Decimal)


def _enum(name: str, kind: type[Enum], *, field: str | None = None) -> Column:
    return Column(name, "TEXT NOT NULL", field or name, write=_value_of, read=kind)


def _value_of(member: Enum) -> Any:
    return member._value_  # as .value, without the cost of a descriptor


def _instrument() -> Column:
    return Column("instrument", "TEXT NOT NULL", "instrument_id", read=InstrumentId)


class BadRow(Exception):
    """What SQLite finds in order and is none of our values all the same."""


@contextmanager
def decoding(table: str) -> Iterator[None]:
    """Turn what goes wrong in reading a row of a table into a BadRow."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise BadRow(f"a row of {table} makes no sense ({type(error).__name__}: {error})") from error


class Table(Generic[T]):
    """A table whose rows are values of one class, and may have some more columns behind them."""

    def __init__(
        self, name: str, kind: type[T], columns: Sequence[Column], *, more: Sequence[str] = (), key: str
    ) -> None:
        self.name = name
        self.kind = kind
        self.columns = tuple(columns)
        self.names = (*(each.name for each in columns), *(each.split()[0] for each in more))
        """Of all columns, in the order of `encode` and `decode`."""
        types = ", ".join([*(f"{each.name} {each.type}" for each in columns), *more])
        self.create = f"CREATE TABLE {name} ({types}, PRIMARY KEY ({key})) WITHOUT ROWID"
        self.select = f"SELECT {', '.join(self.names)} FROM {name}"
        places = f"({', '.join(self.names)}) VALUES ({', '.join('?' * len(self.names))})"
        self.insert = f"INSERT OR IGNORE INTO {name} {places}"
        """What is there already stays as it is."""
        changes = ", ".join(f"{each} = excluded.{each}" for each in self.names if each not in key.split(", "))
        self.upsert = f"INSERT INTO {name} {places} ON CONFLICT ({key}) DO UPDATE SET {changes}"
        self._read_fields = attrgetter(*(each.field for each in columns))
        self._writers = [each.write for each in columns]
        self._readers = [(each.field, each.read) for each in columns]

    def encode(self, value: T) -> tuple[object, ...]:
        """The value as a row, without the columns behind it."""
        return tuple(
            [
                cell if cell is None or write is None else write(cell)
                for cell, write in zip(self._read_fields(value), self._writers, strict=True)
            ]
        )

    def decode(self, row: Sequence[Any]) -> T:
        """The value of a row, whatever is behind it.

        Raises:
          BadRow: it is of none.
        """
        with decoding(self.name):
            return self.kind(
                **{
                    field: cell if cell is None or read is None else read(cell)
                    for (field, read), cell in zip(self._readers, row, strict=False)
                }
            )


ORDERS = Table(
    "orders",
    Order,
    (
        _text("client_order_id"),
        _text("venue_order_id", optional=True),
        _text("strategy", optional=True),
        _instrument(),
        _enum("side", OrderSide),
        _enum("type", OrderType, field="order_type"),
        _decimal("quantity"),
        _decimal("price", optional=True),
        _decimal("trigger_price", optional=True),
        _enum("time_in_force", TimeInForce),
        _flag("post_only"),
        _flag("reduce_only"),
        _enum("status", OrderStatus),
        _decimal("filled", field="filled_quantity"),
        _decimal("average_price", optional=True),
        _text("reason", optional=True),
        _integer("revision"),
        _integer("pending_revision", optional=True),
        _flag("is_canceling"),
        _integer("ts_init"),
        _integer("ts_submitted", optional=True),
        _integer("ts_event"),
        _integer("expires", optional=True),
    ),
    key="client_order_id",
)
"""Every order, as it stands."""

FILLS = Table(
    "fills",
    Fill,
    (
        _text("fill_id"),
        _text("venue_order_id", optional=True),
        _text("client_order_id", optional=True),
        _integer("revision"),
        _instrument(),
        _enum("side", OrderSide),
        _decimal("price"),
        _decimal("quantity"),
        _decimal("fee"),
        _text("fee_currency"),
        _enum("liquidity", Liquidity),
        _decimal("realized_pnl", optional=True),
        _decimal("position_before", optional=True),
        _text("note", optional=True),
        _integer("ts_event"),
        _integer("ts_init"),
    ),
    more=("strategy TEXT",),
    key="fill_id, instrument",
)
"""Every fill, once, and whose it was. The instrument is in the key because two venues may count alike."""

FUNDINGS = Table(
    "fundings",
    FundingPayment,
    (
        _instrument(),
        _decimal("amount"),
        _text("currency"),
        _decimal("rate"),
        _decimal("quantity"),
        _integer("ts_event"),
        _integer("ts_init"),
    ),
    more=("payment_id TEXT NOT NULL",),
    key="payment_id",
)
"""Every funding payment, once."""

EVENT_COLUMNS = (
    "client_order_id TEXT NOT NULL",
    "run INTEGER NOT NULL",
    "number INTEGER NOT NULL",
    "kind TEXT NOT NULL",
    "previous TEXT NOT NULL",
    "status TEXT NOT NULL",
    "reason TEXT",
    "quantity TEXT",
    "price TEXT",
    "trigger_price TEXT",
    "fill_id TEXT",
    "ts_event INTEGER NOT NULL",
    "ts_init INTEGER NOT NULL",
)
"""Of what happened to orders: `run` and `number` give the order in which. Beside its order's other events, so
that one page takes several."""

REQUEST_COLUMNS = (
    "nonce INTEGER NOT NULL",
    "run INTEGER NOT NULL",
    "number INTEGER NOT NULL",
    "kind TEXT NOT NULL",
    "client_order_ids TEXT NOT NULL",
    "expires INTEGER",
    "ts INTEGER NOT NULL",
)
"""Of what was signed; the ids are an array of JSON."""

EVENT_NAMES = tuple(each.split()[0] for each in EVENT_COLUMNS)

INSERT_EVENT = (
    f"INSERT OR IGNORE INTO order_events ({', '.join(EVENT_NAMES)}) "
    f"VALUES ({', '.join('?' * len(EVENT_NAMES))})"
)

INSERT_REQUEST = "INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?)"

_CLOSED = ", ".join(sorted(repr(each.value) for each in CLOSED_STATUSES))

IS_WORKING = f"status NOT IN ({_CLOSED})"
"""The condition of `Order.is_working`. The index has it word for word; that is how SQLite knows it fits."""

STATEMENTS = (
    "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE runs (run INTEGER PRIMARY KEY, started INTEGER NOT NULL, stopped INTEGER, ended TEXT, "
    "pid INTEGER NOT NULL, version TEXT NOT NULL, torn_bytes INTEGER NOT NULL)",
    ORDERS.create,
    f"CREATE INDEX working_orders ON orders (ts_init) WHERE {IS_WORKING}",
    f"CREATE TABLE order_events ({', '.join(EVENT_COLUMNS)}, PRIMARY KEY (client_order_id, run, number)) "
    "WITHOUT ROWID",
    FILLS.create,
    "CREATE INDEX fills_by_time ON fills (ts_event)",
    FUNDINGS.create,
    "CREATE INDEX fundings_by_time ON fundings (ts_event)",
    f"CREATE TABLE requests ({', '.join(REQUEST_COLUMNS)}, PRIMARY KEY (nonce, run, number)) WITHOUT ROWID",
    "CREATE TABLE states (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, "
    "PRIMARY KEY (kind, key)) WITHOUT ROWID",
)
"""What makes an empty database a journal."""
