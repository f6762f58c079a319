#!/usr/bin/env python3
"""Writes the small PDFs that tests/pdf_files.rs reads: `python3 crates/engine/tests/data/make.py`.

Standard library only, and the same bytes on every run.
"""

import hashlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
BOLD = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>"
SONG = (b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type/Font"
        b"/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
        b"/DW 1000/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
        b"/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>>>]>>")


def rc4(key, data):
    state, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


class Lock:
    """The standard security handler, revision 2: RC4 with 40 bits."""

    def __init__(self, user):
        self.id = hashlib.md5(b"qiao").digest()
        user, owner = ((word.encode() + PADDING)[:32] for word in (user, "owner"))
        self.o = rc4(hashlib.md5(owner).digest()[:5], user)
        permissions = (-4).to_bytes(4, "little", signed=True)
        self.key = hashlib.md5(user + self.o + permissions + self.id).digest()[:5]
        self.u = rc4(self.key, PADDING)

    def stream(self, number, data):
        salt = number.to_bytes(3, "little") + b"\0\0"
        return rc4(hashlib.md5(self.key + salt).digest()[:10], data)

    def dictionary(self):
        return b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (self.o.hex().encode(), self.u.hex().encode())


def text(lines):
    """Content of lines (x, y, size, words, font): bytes are words of Helvetica, str are Chinese."""
    out = []
    for x, y, size, words, *font in lines:
        if isinstance(words, str):
            shown, face = b"<" + words.encode("utf-16-be").hex().encode() + b">", b"F3"
        else:
            shown = b"(" + words.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"
            face = font[0].encode() if font else b"F1"
        out.append(b"BT /%s %g Tf %g %g Td %s Tj ET" % (face, size, x, y, shown))
    return b"\n".join(out)


def pdf(name, contents, lock=None, extra=b"", box=b"/MediaBox[0 0 612 792]", outline=(), title=None, image=False):
    """Writes a PDF with one page for each content."""
    objects = {3: HELVETICA, 4: BOLD, 5: SONG}
    pages = []
    for content in contents:
        number = 10 + 2 * len(pages)
        pages.append(number)
        data = lock.stream(number + 1, content) if lock else content
        resources = b"/Font<</F1 3 0 R/F2 4 0 R/F3 5 0 R>>" + (b"/XObject<</I 6 0 R>>" if image else b"")
        objects[number] = b"<</Type/Page/Parent 2 0 R%s%s/Resources<<%s>>/Contents %d 0 R>>" % (box, extra, resources, number + 1)
        objects[number + 1] = b"<</Length %d>>\nstream\n%s\nendstream" % (len(data), data)
    if image:
        objects[6] = (b"<</Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8/Length 4>>"
                      b"\nstream\n\x00\xff\xff\x00\nendstream")
    kids = b" ".join(b"%d 0 R" % n for n in pages)
    objects[2] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids)
    objects[1] = b"<</Type/Catalog/Pages 2 0 R%s>>" % (b"/Outlines 50 0 R" if outline else b"")
    if outline:
        objects[50] = b"<</Type/Outlines/First 51 0 R/Last %d 0 R>>" % (50 + len(outline))
        for n, (words, following) in enumerate(outline, 51):
            objects[n] = b"<</Title(%s)/Parent 50 0 R/Dest[%d 0 R/Fit]/Next %d 0 R>>" % (words, pages[0], following)
    if title:
        objects[7] = b"<</Title(%s)>>" % title
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), {}
    for number in sorted(objects):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n"
    out += b"trailer\n<</Size %d/Root 1 0 R" % size
    if title:
        out += b"/Info 7 0 R"
    if lock:
        out += b"/ID[<%s><%s>]/Encrypt %s" % (lock.id.hex().encode(), lock.id.hex().encode(), lock.dictionary())
    out += b">>\nstartxref\n%d\n%%%%EOF\n" % start
    (HERE / name).write_bytes(bytes(out))
    return bytes(out)


def two_columns():
    words = [b"of a river that runs from the hills to", b"the sea, past mills and under bridges,"]
    lines = [(150, 720, 20, b"Rivers and the Bridges over Them", "F2")]
    for column, x in ((b"left", 72), (b"right", 320)):
        for n in range(12):
            lines.append((x, 680 - 13 * n, 11, b"%s %d %s" % (column, n + 1, words[n % 2])))
    return [text(lines)]


def book():
    """Four pages with a header, page numbers, a heading that opens each, and a sentence over each page's end."""
    pages = []
    for page, name in enumerate((b"rivers", b"lakes", b"seas", b"oceans"), 1):
        lines = [(72, 750, 9, b"The Book of Bridges"), (300, 40, 9, b"%d" % page)]
        lines.append((72, 705, 11, b"known custom of books about %s, and it ends here." % name))
        lines.append((72, 670, 16, b"Exercise %d" % page, "F2"))
        for n in range(8):
            lines.append((72, 640 - 13 * n, 11, b"Line %d tells of %s, of bridges and of all the people who cross them" % (n + 1, name)))
        lines.append((72, 536, 11, b"to the other side. Here is a sentence that goes on, which is the well-"))
        if page == 1:
            lines[2] = (72, 705, 11, b"A well-known preface opens the book.")
        if page == 4:
            lines[-1] = (72, 536, 11, b"to the other side, and all is said.")
        pages.append(text(lines))
    return pages


def main():
    pdf("columns.pdf", two_columns(), title=b"Microsoft Word - rivers.doc")
    pdf("book.pdf", book(), title=b"The Book of Bridges")
    secret = [text([(72, 700, 12, b"Nobody reads this without the password.")])]
    pdf("locked.pdf", secret, lock=Lock("secret"))
    pdf("unlocked.pdf", secret, lock=Lock(""))
    pdf("image.pdf", [b"q 100 0 0 100 72 600 cm /I Do Q"], image=True)
    pdf("blank.pdf", [b""])
    pdf("partly.pdf", [text([(72, 700, 12, b"This page has words.")]), b"q 100 0 0 100 72 600 cm /I Do Q"], image=True)
    pdf("cropped.pdf", [text([(72, 700, 10, b"A line in a box")])], box=b"/MediaBox[0 0 612 792]/CropBox[50 60 550 760]")
    pdf("turned.pdf", [b"BT /F1 10 Tf 0 1 -1 0 100 200 Tm (A line up the page) Tj ET"], extra=b"/Rotate 90")
    pdf("loop.pdf", [text([(72, 700, 16, b"Rivers", "F2"), (72, 670, 11, b"Rivers run to the sea, past mills and under bridges, day and night.")])],
        outline=((b"Rivers", 52), (b"Rivers", 51)))
    chinese = [(72, 720, 18, "第一章 桥")]
    for n, line in enumerate(("嵌入是连接符号与连续空间的桥。一个词变成一串长度固", "定的数字，意思相近的词，得到的数字也相近。", )):
        chinese.append((72, 690 - 18 * n, 11, line))
    pdf("chinese.pdf", [text(chinese)])
    whole = pdf("damaged.pdf", [text([(72, 700, 12, b"Cut off.")])])
    (HERE / "damaged.pdf").write_bytes(whole[:60])


if __name__ == "__main__":
    main()
