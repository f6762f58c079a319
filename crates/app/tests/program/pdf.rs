//! PDF files made by hand.

/// One page's content stream.
pub(crate) type Content = Vec<u8>;

const FONT: &[u8] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
const IMAGE: &[u8] =
    b"<</Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8/Length 4>>\n\
    stream\n\x00\xff\xff\x00\nendstream";
/// The standard security handler with checks that no password passes.
const LOCK: &str = "/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4\
    /O<1111111111111111111111111111111111111111111111111111111111111111>\
    /U<2222222222222222222222222222222222222222222222222222222222222222>>>";

/// A PDF of US Letter pages, one for each content.
pub(crate) fn pdf(pages: &[Content]) -> Vec<u8> {
    assemble(pages, "")
}

/// A PDF that opens with a password only.
pub(crate) fn locked() -> Vec<u8> {
    assemble(&[lines(&["Nobody reads this."])], LOCK)
}

/// A page with these lines of words.
pub(crate) fn lines(lines: &[&str]) -> Content {
    let line = |(n, words): (usize, &&str)| format!("BT /F1 12 Tf 72 {} Td ({words}) Tj ET\n", 720 - 16 * n);
    lines.iter().enumerate().map(line).collect::<String>().into_bytes()
}

/// A page with an image and no letter.
pub(crate) fn image() -> Content {
    b"q 100 0 0 100 72 600 cm /I Do Q".to_vec()
}

/// A page of `count` words, each drawn by itself at a place of its own.
pub(crate) fn scattered(count: usize) -> Content {
    let word = |i: usize| format!("BT /F1 10 Tf {} {} Td (word{i}) Tj ET\n", i * 7919 % 600, i * 104_729 % 780);
    (0..count).map(word).collect::<String>().into_bytes()
}

fn assemble(pages: &[Content], trailer: &str) -> Vec<u8> {
    let kids: String = (0..pages.len()).map(|n| format!("{} 0 R ", 5 + 2 * n)).collect();
    let mut objects: Vec<Vec<u8>> = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        format!("<</Type/Pages/Count {}/Kids[{kids}]>>", pages.len()).into_bytes(),
        FONT.to_vec(),
        IMAGE.to_vec(),
    ];
    for (n, content) in pages.iter().enumerate() {
        let resources = "/Resources<</Font<</F1 3 0 R>>/XObject<</I 4 0 R>>>>";
        let page = format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]{resources}/Contents {} 0 R>>", 6 + 2 * n);
        let head = format!("<</Length {}>>\nstream\n", content.len());
        objects.push(page.into_bytes());
        objects.push([head.as_bytes(), content, b"\nendstream"].concat());
    }
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (n, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.extend_from_slice(format!("{} 0 obj\n", n + 1).as_bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    let size = objects.len() + 1;
    out.extend_from_slice(
        format!("{table}trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n").as_bytes(),
    );
    out
}
