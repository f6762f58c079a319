//! Events that a server sends (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), from bytes that come
//! in any division.

/// The longest line and the longest event, in bytes.
pub(super) const LONGEST: usize = 1 << 20;

/// One event with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// It is called `error`, or its data stand in a field `error`, as llama.cpp's did.
    pub(super) error: bool,
    /// Its data; several lines are joined by line feeds.
    pub(super) data: String,
}

/// A line or an event without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// What came and makes no whole event yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    /// The last byte was a carriage return, which a line feed belongs to.
    returned: bool,
    data: Option<String>,
    error: bool,
}

impl Events {
    /// The events that `bytes` end.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut whole = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.returned) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            self.extend(&rest[..end.unwrap_or(rest.len())])?;
            let Some(end) = end else { break };
            self.returned = rest[end] == b'\r';
            rest = &rest[end + 1..];
            whole.extend(self.end_line()?);
        }
        Ok(whole)
    }

    /// The event that the end of the connection ends. By the standard there is none; some servers end so.
    pub(super) fn finish(mut self) -> Option<Event> {
        self.end_line().ok()?.or_else(|| self.dispatch())
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > LONGEST {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Event>, TooLong> {
        if self.line.is_empty() {
            return Ok(self.dispatch());
        }
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => self.append(value)?,
            "error" => {
                self.error = true;
                self.append(value)?;
            }
            "event" => self.error |= value == "error",
            _ => {}
        }
        Ok(None)
    }

    fn append(&mut self, value: &str) -> Result<(), TooLong> {
        match &mut self.data {
            None => self.data = Some(value.to_owned()),
            Some(data) if data.len() + value.len() >= LONGEST => return Err(TooLong),
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
        }
        Ok(())
    }

    fn dispatch(&mut self) -> Option<Event> {
        let error = std::mem::take(&mut self.error);
        self.data.take().map(|data| Event { error, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let mut events = Events::default();
        let mut all: Vec<Event> = pieces.iter().flat_map(|piece| events.feed(piece).unwrap()).collect();
        all.extend(events.finish());
        all
    }

    fn data(text: &str) -> Vec<String> {
        read(&[text.as_bytes()]).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn lines_end_in_any_way_and_the_space_is_optional() {
        assert_eq!(data("data: a\n\ndata:b\r\n\r\ndata:  c\r\rdata:d"), ["a", "b", " c", "d"]);
    }

    #[test]
    fn comments_and_other_fields_are_passed_over() {
        assert_eq!(data(": keep-alive\n\nid: 7\nretry: 5\ndata: a\n: b\nevent: message\n\n\n\n: c\n"), ["a"]);
    }

    #[test]
    fn several_lines_of_data_are_one_event() {
        assert_eq!(data("data: {\ndata\ndata: }\n\n"), ["{\n\n}"]);
    }

    #[test]
    fn errors_are_known_by_name_or_field() {
        let text = b"event: error\ndata: a\n\ndata: b\n\nerror: c\n\n";
        let errors: Vec<(bool, String)> = read(&[text]).into_iter().map(|event| (event.error, event.data)).collect();
        assert_eq!(errors, [(true, "a".to_owned()), (false, "b".to_owned()), (true, "c".to_owned())]);
    }

    #[test]
    fn letters_may_be_divided() {
        let text = "data: 答案\n\n".as_bytes();
        let pieces: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(read(&pieces)[0].data, "答案");
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let mut line = Events::default();
        assert!(line.feed(&[b'a'; LONGEST]).is_ok());
        assert_eq!(line.feed(b"a"), Err(TooLong));
        let mut event = Events::default();
        let text = format!("data: {}\n", "a".repeat(LONGEST / 2));
        assert!(event.feed(text.as_bytes()).is_ok());
        assert_eq!(event.feed(text.as_bytes()), Err(TooLong));
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let token = prop_oneof![
            Just("data:".to_owned()),
            Just("data: ".to_owned()),
            Just("event: error".to_owned()),
            Just("error:".to_owned()),
            Just(":".to_owned()),
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            Just("\r".to_owned()),
            Just("\n\n".to_owned()),
            Just("[DONE]".to_owned()),
            "[a-z{}答\u{1f600} ]{0,4}",
        ];
        let text = proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat().into_bytes());
        prop_oneof![3 => text, 1 => proptest::collection::vec(any::<u8>(), 0..80)]
    }

    proptest! {
        #[test]
        fn events_are_the_same_however_the_bytes_are_divided(
            bytes in stream(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = read(&[&bytes]);
            prop_assert_eq!(&read(&pieces), &whole);
            prop_assert_eq!(&read(&single), &whole);
        }
    }
}
