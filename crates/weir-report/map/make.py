"""Draws the world for the report's map from Natural Earth as npm's `world-atlas` packs it; arguments: its folder, the file to write."""
import json
import math
import sys
from collections import Counter, defaultdict

source, out = sys.argv[1:3]
WIDTH = 1440  # Twice the width of the picture: half its units.
SOUTH, NORTH = -57.5, 83.7
RING_MIN = 3  # Smaller islands of a country that has larger ones are left out.

# ISO 3166-1: alpha-2 and number.
ISO = """
    AD020 AE784 AF004 AG028 AI660 AL008 AM051 AO024 AQ010 AR032 AS016 AT040 AU036 AW533 AX248 AZ031 BA070 BB052 BD050 BE056 BF854
    BG100 BH048 BI108 BJ204 BL652 BM060 BN096 BO068 BQ535 BR076 BS044 BT064 BV074 BW072 BY112 BZ084 CA124 CC166 CD180 CF140 CG178
    CH756 CI384 CK184 CL152 CM120 CN156 CO170 CR188 CU192 CV132 CW531 CX162 CY196 CZ203 DE276 DJ262 DK208 DM212 DO214 DZ012 EC218
    EE233 EG818 EH732 ER232 ES724 ET231 FI246 FJ242 FK238 FM583 FO234 FR250 GA266 GB826 GD308 GE268 GF254 GG831 GH288 GI292 GL304
    GM270 GN324 GP312 GQ226 GR300 GS239 GT320 GU316 GW624 GY328 HK344 HM334 HN340 HR191 HT332 HU348 ID360 IE372 IL376 IM833 IN356
    IO086 IQ368 IR364 IS352 IT380 JE832 JM388 JO400 JP392 KE404 KG417 KH116 KI296 KM174 KN659 KP408 KR410 KW414 KY136 KZ398 LA418
    LB422 LC662 LI438 LK144 LR430 LS426 LT440 LU442 LV428 LY434 MA504 MC492 MD498 ME499 MF663 MG450 MH584 MK807 ML466 MM104 MN496
    MO446 MP580 MQ474 MR478 MS500 MT470 MU480 MV462 MW454 MX484 MY458 MZ508 NA516 NC540 NE562 NF574 NG566 NI558 NL528 NO578 NP524
    NR520 NU570 NZ554 OM512 PA591 PE604 PF258 PG598 PH608 PK586 PL616 PM666 PN612 PR630 PS275 PT620 PW585 PY600 QA634 RE638 RO642
    RS688 RU643 RW646 SA682 SB090 SC690 SD729 SE752 SG702 SH654 SI705 SJ744 SK703 SL694 SM674 SN686 SO706 SR740 SS728 ST678 SV222
    SX534 SY760 SZ748 TC796 TD148 TF260 TG768 TH764 TJ762 TK772 TL626 TM795 TN788 TO776 TR792 TT780 TV798 TW158 TZ834 UA804 UG800
    UM581 US840 UY858 UZ860 VA336 VC670 VE862 VG092 VI850 VN704 VU548 WF876 WS882 YE887 YT175 ZA710 ZM894 ZW716
""".split()
CODE = {word[2:]: word[:2] for word in ISO}
# What Natural Earth draws apart and ISO 3166 gives no number: by the code that databases of addresses know it under.
UNNUMBERED = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO"}

# Names that Natural Earth shortens, or that it has not as a country's.
NAMES = {
    "AG": "Antigua and Barbuda", "AQ": "Antarctica", "AX": "Åland Islands", "BA": "Bosnia and Herzegovina", "BL": "Saint Barthélemy",
    "BQ": "Caribbean Netherlands", "BV": "Bouvet Island", "CC": "Cocos (Keeling) Islands", "CD": "Democratic Republic of the Congo",
    "CF": "Central African Republic", "CG": "Republic of the Congo", "CK": "Cook Islands", "CX": "Christmas Island",
    "DO": "Dominican Republic", "EH": "Western Sahara", "FK": "Falkland Islands", "FO": "Faroe Islands", "GF": "French Guiana",
    "GI": "Gibraltar", "GP": "Guadeloupe", "GQ": "Equatorial Guinea", "GS": "South Georgia and the South Sandwich Islands",
    "HM": "Heard Island and McDonald Islands", "IO": "British Indian Ocean Territory", "KN": "Saint Kitts and Nevis",
    "KY": "Cayman Islands", "MF": "Saint Martin", "MH": "Marshall Islands", "MK": "North Macedonia", "MP": "Northern Mariana Islands",
    "MQ": "Martinique", "PF": "French Polynesia", "PM": "Saint Pierre and Miquelon", "PN": "Pitcairn Islands", "RE": "Réunion",
    "SB": "Solomon Islands", "SJ": "Svalbard and Jan Mayen", "SS": "South Sudan", "ST": "São Tomé and Príncipe", "SZ": "Eswatini",
    "TC": "Turks and Caicos Islands", "TF": "French Southern Territories", "TK": "Tokelau", "TR": "Türkiye", "TV": "Tuvalu",
    "UM": "United States Minor Outlying Islands", "VA": "Vatican City", "VC": "Saint Vincent and the Grenadines",
    "VG": "British Virgin Islands", "VI": "United States Virgin Islands", "WF": "Wallis and Futuna", "YT": "Mayotte",
}

# Latitude and longitude of what Natural Earth 1:50m has not as a country; Antarctica stands at the edge.
CENTRES = {
    "AQ": (-57.5, 0), "BQ": (12.2, -68.3), "BV": (-54.4, 3.4), "CC": (-12.2, 96.8), "CX": (-10.5, 105.6), "GF": (4, -53),
    "GI": (36.1, -5.35), "GP": (16.2, -61.6), "MQ": (14.6, -61), "RE": (-21.1, 55.5), "SJ": (78.6, 16.5), "TK": (-9.2, -171.8),
    "TV": (-8.5, 179.2), "UM": (19.3, 166.6), "YT": (-12.8, 45.15),
}


def raw(longitude, latitude):
    """Equal Earth (Šavrič, Patterson and Jenny 2018), in radii of the globe."""
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    t = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))
    slope = 9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1
    return 2 * math.sqrt(3) * math.radians(longitude) * math.cos(t) / (3 * slope), a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t


SCALE = WIDTH / 2 / raw(180, 0)[0]


def projected(longitude, latitude):
    x, y = raw(longitude, latitude)
    return WIDTH / 2 + SCALE * x, SCALE * (raw(0, NORTH)[1] - y)


HEIGHT = projected(0, SOUTH)[1]


class Atlas:
    """Countries of a TopoJSON file: names and polygons by code, arcs that two parts of a country share taken out."""

    def __init__(self, name):
        topology = json.load(open(f"{source}/{name}"))
        (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
        self.arcs, self.names, polygons = [], {}, defaultdict(list)
        for arc in topology["arcs"]:
            x = y = 0
            points = []
            for dx, dy in arc:
                x, y = x + dx, y + dy
                points.append((x * sx + tx, y * sy + ty))
            self.arcs.append(points)
        for shape in topology["objects"]["countries"]["geometries"]:
            label = shape["properties"]["name"]
            code = CODE.get(shape.get("id")) or UNNUMBERED.get(label)
            if code is None:
                print("left out:", label)
                continue
            if label not in UNNUMBERED or code == "XK":
                self.names.setdefault(code, label)
            parts = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
            polygons[code] += [ring for part in parts for ring in part]
        whole = {code: self.joined(rings) for code, rings in polygons.items()}
        self.rings = {code: [part for ring in rings for part in cut(ring)] for code, rings in whole.items()}

    def joined(self, rings):
        if len(rings) == 1:
            return [self.points(rings[0])]
        used = Counter(arc for ring in rings for arc in ring)
        if not any(~arc in used for arc in used):
            return [self.points(ring) for ring in rings]
        left = [arc for ring in rings for arc in ring if ~arc not in used]
        closed = []
        while left:
            ring = [left.pop(0)]
            while True:
                at = self.points(ring)[-1]
                if at == self.points(ring)[0]:
                    break
                following = next(arc for arc in left if self.points([arc])[0] == at)
                left.remove(following)
                ring.append(following)
            closed.append(self.points(ring))
        return closed

    def points(self, ring):
        all = []
        for arc in ring:
            points = self.arcs[arc] if arc >= 0 else self.arcs[~arc][::-1]
            all += points[1:] if all else points
        return all


def cut(ring):
    """The parts of a ring on either side of the 180th meridian."""
    x = ring[0][0]
    unrolled = []
    for longitude, latitude in ring:
        x += (longitude - x + 180) % 360 - 180
        unrolled.append((x, latitude))
    parts = []
    for turn in (-360, 0, 360):
        part = [(x + turn, y) for x, y in unrolled]
        for side in (-1, 1):
            beyond = lambda p: side * p[0] > 180
            kept = []
            for a, b in zip(part[-1:] + part, part):
                if beyond(a) != beyond(b):
                    kept.append((side * 180, a[1] + (b[1] - a[1]) * (side * 180 - a[0]) / (b[0] - a[0])))
                if not beyond(b):
                    kept.append(b)
            part = kept
        if len(part) > 2:
            parts.append(part)
    return parts


def area(ring):
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1]))) / 2


def distance(p, a, b):
    (px, py), (ax, ay), (bx, by) = p, a, b
    dx, dy = bx - ax, by - ay
    t = max(0, min(1, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy or 1)))
    return math.hypot(px - ax - t * dx, py - ay - t * dy)


def inside(p, ring):
    x, y = p
    crossed = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            crossed = not crossed
    return crossed


def middle(rings):
    """The place farthest from the border of the largest part, and how far that is."""
    ring = max(rings, key=area)
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    best = (0, sum(xs) / len(xs), sum(ys) / len(ys))
    steps = 40
    for i in range(1, steps):
        for j in range(1, steps):
            p = (min(xs) + (max(xs) - min(xs)) * i / steps, min(ys) + (max(ys) - min(ys)) * j / steps)
            if inside(p, ring):
                edge = min(distance(p, a, b) for a, b in zip(ring, ring[1:] + ring[:1]))
                best = max(best, (edge, *p))
    return best


def outline(rings):
    """A path of whole numbers, each ring relative to where it begins."""
    drawn = []
    for ring in rings:
        points = []
        for x, y in (projected(*p) for p in ring):
            p = (round(x), round(y))
            if not points or p != points[-1]:
                points.append(p)
        if len(points) > 1 and points[0] == points[-1]:
            points.pop()
        # A point on the line between its neighbours says nothing.
        flat = lambda a, b, c: (b[0] - a[0]) * (c[1] - b[1]) == (b[1] - a[1]) * (c[0] - b[0])
        kept = [b for a, b, c in zip(points[-1:] + points, points, points[1:] + points[:1]) if not flat(a, b, c)]
        if len(kept) > 2:
            drawn.append((area(kept), kept))
    drawn.sort(key=lambda r: (-r[0], r[1]))
    path = ""
    for _, ring in [r for i, r in enumerate(drawn) if i == 0 or r[0] >= RING_MIN]:
        path += f"M{ring[0][0]} {ring[0][1]}l"
        steps = [b[i] - a[i] for a, b in zip(ring, ring[1:]) for i in (0, 1)]
        path += "".join(f"{'' if i == 0 or step < 0 else ' '}{step}" for i, step in enumerate(steps)) + "z"
    return path


coarse, fine = Atlas("countries-110m.json"), Atlas("countries-50m.json")
lines = []
for code in sorted([word[:2] for word in ISO] + ["XK"]):
    path = outline(coarse.rings[code]) if code in coarse.rings and code != "AQ" else ""
    if code in CENTRES:
        (x, y), room = projected(CENTRES[code][1], CENTRES[code][0]), 0
    else:
        rings = [[projected(*p) for p in ring] for ring in fine.rings[code]]
        room, x, y = middle(rings)
    name = NAMES.get(code) or fine.names[code]
    assert "." not in name and "\t" not in name, name
    lines.append("\t".join([code, name, str(round(x)), str(round(y)), str(math.floor(room) if path else 0), path]))
with open(out, "w", encoding="utf-8") as file:
    file.write("\n".join(lines) + "\n")
print(f"{len(lines)} countries, {sum(line[-1] == 'z' for line in lines)} with an outline, {WIDTH} x {math.ceil(HEIGHT)}")
