use std::ops::ControlFlow;

/// A reply as it grows: bytes become text as soon as their characters are whole, and text is handed on as soon as it is
/// sure that no stop begins in it.
pub(super) struct Stream<'a> {
    listener: &'a mut dyn FnMut(&str) -> ControlFlow<()>,
    stops: Vec<&'a str>,
    /// The start of a character
    bytes: Vec<u8>,
    text: String,
    /// How much of the text was handed on
    sent: usize,
}

/// Whether a reply goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// It does.
    On,
    /// It came to a stop.
    Stopped,
    /// The listener wants no more.
    Unwanted,
}

impl<'a> Stream<'a> {
    pub(super) fn new(stops: &'a [String], listener: &'a mut dyn FnMut(&str) -> ControlFlow<()>) -> Self {
        let stops = stops.iter().map(String::as_str).filter(|stop| !stop.is_empty()).collect();
        Self { listener, stops, bytes: Vec::new(), text: String::new(), sent: 0 }
    }

    /// Takes the bytes of one more token.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Growth {
        self.bytes.extend_from_slice(bytes);
        self.take_whole(false);
        self.hand_on(false)
    }

    /// Takes what was held back; the text, and whether it came to a stop after all.
    pub(super) fn finish(mut self) -> (String, Growth) {
        self.take_whole(true);
        let growth = self.hand_on(true);
        (self.text, growth)
    }

    /// Moves whole characters to the text, and what can be none as U+FFFD; at the `end` also what is unfinished.
    fn take_whole(&mut self, end: bool) {
        let mut from = 0;
        for chunk in self.bytes.utf8_chunks() {
            let unfinished = from + chunk.valid().len() + chunk.invalid().len() == self.bytes.len()
                && !end
                && may_grow(chunk.invalid());
            self.text.push_str(chunk.valid());
            from += chunk.valid().len();
            if !chunk.invalid().is_empty() && !unfinished {
                self.text.push(char::REPLACEMENT_CHARACTER);
                from += chunk.invalid().len();
            }
        }
        self.bytes.drain(..from);
    }

    fn hand_on(&mut self, end: bool) -> Growth {
        let fresh = &self.text[self.sent..];
        let stop = self.stops.iter().filter_map(|stop| fresh.find(stop)).min();
        let until = match stop {
            Some(at) => at,
            None if end => fresh.len(),
            None => fresh.len() - self.stops.iter().map(|stop| begun(fresh, stop)).max().unwrap_or(0),
        };
        let piece = &fresh[..until];
        let wanted = piece.is_empty() || (self.listener)(piece).is_continue();
        self.sent += until;
        if stop.is_some() {
            self.text.truncate(self.sent);
            return Growth::Stopped;
        }
        if wanted { Growth::On } else { Growth::Unwanted }
    }

    /// Drops what was held back: nobody wants it.
    pub(super) fn abandon(mut self) -> String {
        self.text.truncate(self.sent);
        self.text
    }
}

/// Whether bytes that are no character may be the start of one.
fn may_grow(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// How many bytes at the end of `text` are the start of `stop`.
fn begun(text: &str, stop: &str) -> usize {
    let lengths = stop.char_indices().map(|(at, _)| at).rev();
    lengths.into_iter().find(|length| text.ends_with(&stop[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn streamed(parts: &[&[u8]], stops: &[&str]) -> (Vec<String>, String, Growth) {
        let stops: Vec<String> = stops.iter().map(ToString::to_string).collect();
        let mut pieces = Vec::new();
        let mut listener = |piece: &str| {
            pieces.push(piece.to_owned());
            ControlFlow::Continue(())
        };
        let mut stream = Stream::new(&stops, &mut listener);
        let mut growth = Growth::On;
        for part in parts {
            growth = stream.push(part);
            if growth != Growth::On {
                break;
            }
        }
        let text = if growth == Growth::On {
            let (text, last) = stream.finish();
            growth = last;
            text
        } else {
            stream.abandon()
        };
        (pieces, text, growth)
    }

    #[test]
    fn a_character_split_over_tokens_comes_whole() {
        let (pieces, text, _) = streamed(&[b"a\xe6", b"\xa1", b"\xa5b", b"\xff!", b"\xe6"], &[]);
        assert_eq!(pieces, ["a", "桥b", "\u{fffd}!", "\u{fffd}"]);
        assert_eq!(text, pieces.concat());
    }

    #[test]
    fn the_start_of_a_stop_is_held_back() {
        let (pieces, text, growth) = streamed(&[b"one\n", b"\nQ", b"uestion"], &["\n\nQ:"]);
        assert_eq!((pieces.join("|").as_str(), growth), ("one|\n\nQuestion", Growth::On));
        assert_eq!(text, "one\n\nQuestion");
        let (pieces, text, growth) = streamed(&[b"one\n", b"\nQ", b": two"], &["never", "\n\nQ:", ""]);
        assert_eq!((pieces.concat().as_str(), text.as_str(), growth), ("one", "one", Growth::Stopped));
    }

    #[test]
    fn the_first_of_several_stops_ends_it() {
        let (_, text, growth) = streamed(&[b"abcdef"], &["e", "cd"]);
        assert_eq!((text.as_str(), growth), ("ab", Growth::Stopped));
    }

    proptest! {
        #[test]
        fn pieces_are_the_whole_however_it_is_cut(text in "[ab桥 ]{0,12}", stop in "[ab桥]{1,3}", cuts in prop::collection::vec(0usize..40, 0..6)) {
            let bytes = text.as_bytes();
            let mut at: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            at.sort_unstable();
            let parts: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let (pieces, got, _) = streamed(&parts, &[&stop]);
            let want = text.split(stop.as_str()).next().unwrap_or_default();
            prop_assert_eq!(&got, want);
            prop_assert_eq!(pieces.concat(), want);
        }
    }
}
