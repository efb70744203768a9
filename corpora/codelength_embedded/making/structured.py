"""Text that machines write for machines: JSON, logs, CSV, XML, with a skew like the real thing."""

import csv
import io
import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

FIRST = [
    "Anna", "Tom", "Maria", "Ibrahim", "Chloe", "Wei", "Priya", "Jonas", "Fatima", "Luca", "Ewa",
    "Samuel", "Noor", "Ingrid", "Diego", "Hana", "Pavel", "Grace", "Kofi", "Lena", "Marta",
    "Yusuf", "Eilidh", "Bram", "Sofia", "Tariq", "Nell", "Oskar", "Rosa", "Piet",
]  # fmt: skip
LAST = [
    "Novak", "Smith", "Okoro", "Jansen", "Rossi", "Patel", "Kim", "Murphy", "Haddad", "Lindqvist",
    "Silva", "Weber", "Tanaka", "Dubois", "Kowalska", "Brown", "Osei", "MacLeod", "Ferrari",
    "Hansen", "Nguyen", "Bauer", "Costa", "Ivanova", "Reid", "Moreau",
]  # fmt: skip
TOWNS = [
    ("Aberdeen", "GB", 57.1497, -2.0943),
    ("Lyon", "FR", 45.7640, 4.8357),
    ("Bremen", "DE", 53.0793, 8.8017),
    ("Porto", "PT", 41.1579, -8.6291),
    ("Turku", "FI", 60.4518, 22.2666),
    ("Brno", "CZ", 49.1951, 16.6068),
    ("Cork", "IE", 51.8985, -8.4756),
    ("Utrecht", "NL", 52.0907, 5.1214),
    ("Gdańsk", "PL", 54.3520, 18.6466),
    ("Trieste", "IT", 45.6495, 13.7768),
]
PRODUCTS = [
    ("TEA-EB-250", "English breakfast tea 250 g", "grocery", 4.20),
    ("CFE-BR-1K", "Coffee beans, Brazil, 1 kg", "grocery", 17.90),
    ("MUG-BL-03", "Stoneware mug, blue", "kitchen", 11.50),
    ("KET-SS-17", "Kettle 1.7 l, stainless", "kitchen", 39.00),
    ("LMP-DSK-2", "Desk lamp with clamp", "home", 54.95),
    ("NBK-A5-DT", "Notebook A5, dotted", "stationery", 6.80),
    ("PEN-FN-04", "Fineliner 0.4, black, pack of 4", "stationery", 7.25),
    ("RUG-WL-12", "Wool rug 120 x 180", "home", 129.00),
    ("CHS-CD-MT", "Mature cheddar 400 g", "grocery", 5.60),
    ("PAN-CI-26", "Cast iron pan 26 cm", "kitchen", 44.50),
    ("BAG-CT-NA", "Cotton bag, natural", "home", 3.00),
    ("TWL-BT-GR", "Bath towel, grey", "home", 18.40),
]
ROUTES = [  # method, route, what it answers, milliseconds
    ("GET", "/v2/stock/:sku", [200, 304, 404], 11),
    ("GET", "/v2/orders", [200, 401], 38),
    ("POST", "/v2/orders", [201, 422, 409], 95),
    ("GET", "/healthz", [200], 0.6),
    ("PATCH", "/v2/orders/:id", [200, 404, 422], 41),
    ("DELETE", "/v2/carts/:id", [204], 17),
]
START = datetime(2023, 3, 6, 5, 58, 12, tzinfo=UTC)


def pick(rng: Random, items: Sequence[T]) -> T:
    """One of the items, the k-th with weight 1/(k+1), as words and customers tend to come."""
    return rng.choices(items, [1 / (k + 1) for k in range(len(items))])[0]


def instants(rng: Random, mean_seconds: float) -> Callable[[], datetime]:
    """A clock that goes forward by exponential gaps, slower by night."""
    now = START

    def tick() -> datetime:
        nonlocal now
        day = 1.6 + math.cos((now.hour - 14) / 24 * math.tau)
        now += timedelta(seconds=rng.expovariate(day / mean_seconds))
        return now

    return tick


def iso(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def hexes(rng: Random, digits: int) -> str:
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def orders_json(rng: Random, count: int = 52) -> str:
    """A page of orders as a web shop's API would answer, indented."""
    tick = instants(rng, 2400)
    orders = [order(rng, 48210 + k, tick()) for k in range(count)]
    page = {
        "object": "list",
        "url": "/v2/orders",
        "has_more": True,
        "next_cursor": hexes(rng, 24),
        "data": orders,
    }
    return json.dumps(page, indent=2, ensure_ascii=False) + "\n"


def order(rng: Random, number: int, when: datetime) -> dict[str, Any]:
    first, last = pick(rng, FIRST), pick(rng, LAST)
    town, country, _, _ = pick(rng, TOWNS)
    lines = []
    for sku, title, _, price in rng.sample(PRODUCTS, pick(rng, [1, 2, 3, 4])):
        quantity = pick(rng, [1, 2, 3, 6])
        amount = round(100 * price) * quantity
        lines.append({"sku": sku, "title": title, "quantity": quantity, "amount": amount})
    status = pick(rng, ["delivered", "shipped", "paid", "refunded", "cancelled"])
    carrier = pick(rng, ["postnl", "dhl", "dpd", None])
    return {
        "id": f"ord_{hexes(rng, 16)}",
        "number": number,
        "created": iso(when),
        "status": status,
        "currency": "GBP" if country == "GB" else "EUR",
        "total": sum(line["amount"] for line in lines),
        "customer": {
            "id": f"cus_{hexes(rng, 12)}",
            "name": f"{first} {last}",
            "email": f"{first}.{last}@example.{pick(rng, ['com', 'org', 'net'])}".lower(),
            "returning": rng.random() < 0.4,
        },
        "shipping": {
            "town": town,
            "country": country,
            "carrier": carrier,
            "tracking": None if carrier is None else f"3S{rng.randrange(10**11):011d}",
        },
        "lines": lines,
        "tags": [tag for tag in ("gift", "fragile", "wholesale") if rng.random() < 0.12],
    }


def districts_geojson(rng: Random, count: int = 34) -> str:
    """Closed outlines round real towns: mostly digits. One feature a line, as exporters do."""
    features = []
    for k in range(count):
        town, country, lat, lon = TOWNS[k % len(TOWNS)]
        centre = (lon + rng.gauss(0, 0.06), lat + rng.gauss(0, 0.04))
        ring = outline(rng, centre, corners=rng.randrange(26, 64))
        feature = {
            "type": "Feature",
            "id": 1000 + k,
            "properties": {
                "name": f"{town} {pick(rng, ['North', 'Harbour', 'Old Town', 'South', 'Hill'])}",
                "country": country,
                "population": int(rng.lognormvariate(8.5, 0.8)),
                "density": round(rng.lognormvariate(7, 0.5), 1),
            },
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        features.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"


def outline(rng: Random, centre: tuple[float, float], corners: int) -> list[list[float]]:
    """A wobbly closed ring of longitude and latitude, in degrees to the sixth place."""
    waves = [(rng.uniform(0.04, 0.25) / n, rng.uniform(0, math.tau), n) for n in range(1, 7)]
    size = rng.uniform(0.008, 0.03)
    ring = []
    for k in range(corners):
        angle = math.tau * (k + rng.uniform(-0.3, 0.3)) / corners
        radius = size * (1 + sum(a * math.sin(n * angle + phase) for a, phase, n in waves))
        radius *= 1 + rng.gauss(0, 0.02)
        lon = centre[0] + 1.6 * radius * math.cos(angle)
        lat = centre[1] + radius * math.sin(angle)
        ring.append([round(lon, 6), round(lat, 6)])
    return [*ring, ring[0]]


def events_ndjson(rng: Random, count: int = 190) -> str:
    """A service's structured log: one JSON object a line, fields by kind of event."""
    tick = instants(rng, 20)
    hosts = [f"api-{hexes(rng, 5)}" for _ in range(4)]
    return "".join(json.dumps(event(rng, tick(), pick(rng, hosts))) + "\n" for _ in range(count))


def event(rng: Random, when: datetime, host: str) -> dict[str, Any]:
    head = {"ts": iso(when), "host": host, "trace": hexes(rng, 16)}
    kind = pick(rng, ["request", "cache", "query", "job", "error"])
    if kind == "request":
        method, route, statuses, typical = pick(rng, ROUTES)
        return head | {
            "level": "info",
            "msg": "request completed",
            "method": method,
            "route": route,
            "status": pick(rng, statuses),
            "ms": round(typical * rng.lognormvariate(0, 0.5), 2),
        }
    if kind == "cache":
        key = f"stock:{pick(rng, PRODUCTS)[0]}"
        return head | {"level": "debug", "msg": "cache", "key": key, "hit": rng.random() < 0.83}
    if kind == "query":
        return head | {
            "level": "warn",
            "msg": "slow query",
            "table": pick(rng, ["orders", "order_lines", "customers"]),
            "rows": int(rng.lognormvariate(5, 1.2)),
            "ms": round(rng.lognormvariate(6.2, 0.4), 1),
        }
    if kind == "job":
        name = pick(rng, ["send_receipt", "sync_stock", "expire_carts"])
        return head | {
            "level": "info",
            "msg": "job finished",
            "job": {"name": name, "attempt": pick(rng, [1, 2, 3]), "queue": "default"},
        }
    return head | {
        "level": "error",
        "msg": pick(rng, ["upstream timed out", "connection reset by peer", "bad signature"]),
        "upstream": f"10.4.{rng.randrange(4)}.{rng.randrange(2, 40)}:8443",
        "retry": rng.random() < 0.7,
    }


def system_log(rng: Random, count: int = 330) -> str:
    """Lines as a syslog daemon writes them, from a handful of chatty programs."""
    tick = instants(rng, 90)
    lines = []
    for _ in range(count):
        program, message = system_message(rng)
        lines.append(f"{tick():%b %e %H:%M:%S} quayside {program}: {message}\n")
    return "".join(lines)


def system_message(rng: Random) -> tuple[str, str]:
    user = pick(rng, ["deploy", "backup", "marta", "root"])
    address = f"192.168.{pick(rng, [10, 10, 20])}.{pick(rng, range(14, 60))}"
    port, pid = rng.randrange(32768, 61000), rng.randrange(900, 32000)
    uptime = f"[{rng.uniform(1e5, 1.4e5):.6f}]"
    sent = f"DHCPACK on {address} to 52:54:00:{hexes(rng, 2)}:{hexes(rng, 2)}:1f via eth0"
    opened = f"pam_unix(cron:session): session opened for user {user}(uid=0) by (uid=0)"
    key = "ED25519 SHA256:" + hexes(Random(user), 40)  # a user's key does not change
    messages = [
        (f"CRON[{pid}]", f"({user}) CMD (test -x /usr/sbin/rotate && /usr/sbin/rotate -q)"),
        (f"sshd[{pid}]", f"Accepted publickey for {user} from {address} port {port} ssh2: {key}"),
        (f"CRON[{pid}]", opened),
        ("dnsmasq-dhcp[731]", sent),
        (
            f"sshd[{pid}]",
            f"Received disconnect from {address} port {port}:11: disconnected by user",
        ),
        ("systemd[1]", "Started Daily apt download activities."),
        ("kernel", f"{uptime} eth0: link up, 1000Mbps, full-duplex, lpa 0xC5E1"),
        (f"postfix/smtpd[{pid}]", f"lost connection after EHLO from unknown[{address}]"),
        ("systemd[1]", f"session-{rng.randrange(400, 900)}.scope: Deactivated successfully."),
        (f"sshd[{pid}]", f"Invalid user {pick(rng, FIRST).lower()} from {address} port {port}"),
    ]
    return pick(rng, messages)


def access_log(rng: Random, count: int = 210) -> str:
    """A web server's combined log. Visitors return, and pages pull in their style sheets."""
    agents = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/110.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/16.3 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/110.0.0.0 Safari/537.36",
        "curl/7.88.1",
    ]
    visitors = [
        (f"{rng.choice(['203.0.113', '198.51.100'])}.{rng.randrange(1, 255)}", pick(rng, agents))
        for _ in range(90)
    ]
    news = ["albert-bridge", "flood-wall", "seascape", "netball", "ferry-winter", "dues"]
    pages = ["/", "/tides", *(f"/news/{title}" for title in news), "/contact", "/robots.txt"]
    assets = ["/static/site.css?v=41", "/static/map.js?v=41", "/favicon.ico", "/img/quay-960.webp"]
    sizes = {path: int(rng.lognormvariate(8.8, 0.9)) for path in pages + assets}
    tick = instants(rng, 140)
    lines: list[str] = []
    while len(lines) < count:
        address, agent = pick(rng, visitors)
        when, page = tick(), pick(rng, pages)
        if page == "/tides" and rng.random() < 0.6:
            page += f"?week={rng.randrange(10, 30)}"
        if rng.random() < 0.05:
            page = rng.choice(["/wp-login.php", "/.env", "/admin/", "/index.php?id=1%27"])
        for path in [page, *assets[: rng.choice([0, 2, 4])]]:
            when += timedelta(seconds=rng.expovariate(3))
            size = sizes.get(path.split("?week")[0], 153)
            status = 404 if size == 153 else rng.choices([200, 304], [4, 1])[0]
            referer = "-" if path == page else f"https://harbour.example{page}"
            lines.append(
                f"{address} - - [{when:%d/%b/%Y:%H:%M:%S} +0000] "
                f'"GET {path} HTTP/1.1" {status} {0 if status == 304 else size} '
                f'"{referer}" "{agent}"\n'
            )
    return "".join(lines)


def table(rows: Sequence[Sequence[object]]) -> str:
    """The rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def sensors_csv(rng: Random, count: int = 620) -> str:
    """Ten-minute weather readings: a daily cycle, slow drift, quantised, with gaps."""
    rows: list[list[object]] = [
        ["time", "temp_c", "rh_pct", "pressure_hpa", "wind_ms", "wind_deg", "rain_mm", "batt_v"]
    ]
    drift, pressure, gust, bearing, wet = 0.0, 1009.0, 4.0, 220.0, 0.0
    for k in range(count):
        when = START.replace(minute=0, second=0) + timedelta(minutes=10 * k)
        phase = math.tau * (when.hour + when.minute / 60 - 15) / 24
        drift += rng.gauss(-0.01 * drift, 0.08)
        pressure += rng.gauss(-0.004 * (pressure - 1009), 0.12)
        gust = max(0.0, gust + rng.gauss(-0.1 * (gust - 4), 0.5))
        bearing = (bearing + rng.gauss(0, 6)) % 360
        wet = max(0.0, wet + rng.gauss(-0.05, 0.18)) if pressure < 1009 else 0.0
        temperature = 7 + 4 * math.cos(phase) + drift
        humidity = min(99.9, max(25, 78 - 3.1 * (temperature - 7) + rng.gauss(0, 0.8)))
        battery = 12.7 + 0.5 * max(0, math.cos(phase)) + rng.gauss(0, 0.01)
        rows.append(
            [
                when.strftime("%Y-%m-%d %H:%M"),
                f"{temperature:.2f}" if rng.random() > 0.01 else "",
                f"{humidity:.1f}",
                f"{pressure:.1f}",
                f"{gust:.1f}",
                int(bearing),
                f"{0.2 * int(5 * wet):.1f}",
                f"{battery:.2f}",
            ]
        )
    return table(rows)


def sales_csv(rng: Random, count: int = 300) -> str:
    """A till's sales, one a row, with quoted titles and a few notes."""
    rows: list[list[object]] = [
        ["receipt", "date", "branch", "clerk", "sku", "title", "group", "qty", "unit", "total",
         "paid_by", "note"]
    ]  # fmt: skip
    tick = instants(rng, 900)
    receipt = 700_311
    clerks = [f"{rng.choice(FIRST)} {last[0]}." for last in LAST[:7]]
    while len(rows) <= count:
        receipt += 1
        when = f"{tick():%d/%m/%Y %H:%M}"
        branch, clerk = pick(rng, [(TOWNS[k % 4][0], name) for k, name in enumerate(clerks)])
        paid = pick(rng, ["card", "cash", "account"])
        for sku, title, group, price in rng.sample(PRODUCTS, pick(rng, [1, 2, 3, 4])):
            quantity = pick(rng, [1, 2, 3, 4, 5, 6, 12])
            note = rng.choice(["return", "staff", "damaged box"]) if rng.random() < 0.06 else ""
            rows.append(
                [receipt, when, branch, clerk, sku, title, group,
                 quantity, f"{price:.2f}", f"{quantity * price:.2f}", paid, note]
            )  # fmt: skip
    return table(rows)


def catalogue_xml(rng: Random, count: int = 48) -> str:
    """A museum's catalogue, with attributes, nested elements and some mixed content."""
    root = ET.Element("catalogue", {"xmlns": "urn:example:museum", "version": "1.3"})
    for k in range(count):
        year = rng.randrange(1780, 1931)
        item = ET.SubElement(root, "item", {"id": f"MM.{year}.{k + 1:03d}", "lang": "en"})
        kind = pick(rng, ["Chart", "Ship model", "Sextant", "Figurehead", "Log book", "Lantern"])
        place = pick(rng, TOWNS)[0]
        ET.SubElement(item, "title").text = f"{kind}, {place}, about {year}"
        maker = ET.SubElement(item, "maker", {"certainty": pick(rng, ["high", "low", "medium"])})
        ET.SubElement(maker, "name").text = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
        ET.SubElement(maker, "place").text = place
        size = ET.SubElement(item, "dimensions", {"unit": "mm"})
        for side in ("height", "width", "depth")[: rng.choice([2, 3])]:
            ET.SubElement(size, side).text = str(int(rng.lognormvariate(5.8, 0.6)))
        condition = ET.SubElement(item, "condition", {"checked": str(rng.randrange(1998, 2023))})
        condition.text = pick(
            rng, ["Good.", "Fair; surface dirt.", "Poor: worm, old repairs.", "Not on display."]
        )
        if rng.random() < 0.5:
            note = ET.SubElement(item, "note")
            note.text = "Given by "
            donor = ET.SubElement(note, "person")
            donor.text = f"{rng.choice(FIRST)} {pick(rng, LAST)}"
            donor.tail = f" & family in {rng.randrange(1931, 1999)}."
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def write(folder: Path) -> None:
    makers: dict[str, Callable[[Random], str]] = {
        "orders.json": orders_json,
        "districts.geojson": districts_geojson,
        "events.ndjson": events_ndjson,
        "system.log": system_log,
        "access.log": access_log,
        "sensors.csv": sensors_csv,
        "sales.csv": sales_csv,
        "catalogue.xml": catalogue_xml,
    }
    for name, make in makers.items():
        text = make(Random(f"structured/{name}"))
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
