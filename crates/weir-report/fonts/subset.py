"""Cuts the fonts of report.pdf from Debian's packages; arguments: the folder they are unpacked in, the folder to write."""
import sys
from fontTools import subset
from fontTools.ttLib import TTFont

root, out = sys.argv[1:3]
tt, ot = f"{root}/usr/share/fonts/truetype/noto", f"{root}/usr/share/fonts/opentype/noto"
span = lambda *ends: {c for a, b in ends for c in range(a, b + 1)}
LATIN = span(
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x24F), (0x259, 0x259), (0x370, 0x3FF), (0x400, 0x482), (0x48A, 0x52F),
    (0x1E00, 0x1EFF), (0x2010, 0x2027), (0x2030, 0x205E), (0x2070, 0x209C), (0x20A0, 0x20BF), (0x2100, 0x214F),
    (0x2190, 0x2193), (0x2212, 0x2212), (0x2248, 0x2248), (0x2260, 0x2265),
)
SIGNS = span((0x2400,0x2426),(0x2580,0x25ff),(0x2190,0x21ff),(0x2600,0x2605),(0x2713,0x2717))
HANGUL = span((0xac00, 0xd7a3))
KANA = span((0x3000,0x3011),(0x3014,0x301b),(0x3041,0x3096),(0x309b,0x30ff),(0x3131,0x3163),(0x3165,0x318e),(0xff01,0xff5e),(0xffe0,0xffe6))
def cut(source, name, wanted, number=0):
    font = TTFont(source, fontNumber=number, recalcTimestamp=False)
    dropped = [*subset.Options._drop_tables_default, "BASE", "VORG", "vhea", "vmtx", "DSIG"]
    o = subset.Options(hinting=False, notdef_outline=True, glyph_names=False, recalc_timestamp=False, drop_tables=dropped)
    # No ligatures: where a picture's label needs two fonts, usvg counts on a glyph for each character in both.
    o.layout_features = ["kern", "locl", "tnum", "lnum"] if "CJK" not in source else ["kern", "locl"]
    o.name_IDs = [0,1,2,3,4,5,6,13,14,16,17]
    cutter = subset.Subsetter(o)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    font.save(f"{out}/{name}")
for weight in ("Regular", "Bold"):
    cut(f"{tt}/NotoSans-{weight}.ttf", f"NotoSans-{weight}.ttf", LATIN)
cut(f"{tt}/NotoSansMono-Regular.ttf", "NotoSansMono-Regular.ttf", LATIN | SIGNS)
cut(f"{tt}/NotoSansSymbols2-Regular.ttf", "NotoSansSymbols2-Regular.ttf", SIGNS)
ttc = f"{ot}/NotoSansCJK-Regular.ttc"
korean = [n for n in range(10) if TTFont(ttc, fontNumber=n)["name"].getDebugName(1) == "Noto Sans CJK KR"][0]
cut(ttc, "NotoSansCJKkr-Regular.otf", HANGUL | KANA, korean)
# Bold is for headings and what stands out: the syllables in everyday use. Rarer ones are set in the regular weight.
everyday = {c for c in HANGUL if len(chr(c).encode("euc_kr")) == 2}
bold = f"{ot}/NotoSansCJK-Bold.ttc"
korean = [n for n in range(10) if TTFont(bold, fontNumber=n)["name"].getDebugName(1).startswith("Noto Sans CJK KR")][0]
cut(bold, "NotoSansCJKkr-Bold.otf", everyday, korean)
