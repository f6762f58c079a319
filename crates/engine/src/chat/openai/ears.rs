//! Whoever listens to a reply: text is handed on as it comes, up to the first stop.

use std::ops::ControlFlow;

use qiao_model::Finish;

/// Hands text on. Stops are looked for here, too, since some servers refuse or ignore them: what may be the beginning of
/// one is held back until it is known.
pub(super) struct Ears<'a> {
    on_text: &'a mut dyn FnMut(&str) -> ControlFlow<()>,
    stops: Vec<&'a str>,
    held: String,
    text: String,
}

impl<'a> Ears<'a> {
    pub(super) fn new(stops: &'a [String], on_text: &'a mut dyn FnMut(&str) -> ControlFlow<()>) -> Self {
        let stops = stops.iter().map(String::as_str).filter(|stop| !stop.is_empty()).collect();
        Self { on_text, stops, held: String::new(), text: String::new() }
    }

    /// What was handed on.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing came.
    pub(super) fn is_silent(&self) -> bool {
        self.text.is_empty() && self.held.is_empty()
    }

    /// Takes the next piece of the reply; breaks where the reply ends with it.
    pub(super) fn hear(&mut self, piece: &str) -> ControlFlow<Finish> {
        self.held.push_str(piece);
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop)).min() {
            self.held.truncate(at);
            self.hand_on(at)?;
            return ControlFlow::Break(Finish::Stop);
        }
        let kept = self.stops.iter().map(|stop| begun(&self.held, stop)).max().unwrap_or(0);
        self.hand_on(self.held.len() - kept)
    }

    /// Hands on what was held back, at the end of the reply.
    pub(super) fn end(&mut self) -> ControlFlow<Finish> {
        self.hand_on(self.held.len())
    }

    fn hand_on(&mut self, length: usize) -> ControlFlow<Finish> {
        if length == 0 {
            return ControlFlow::Continue(());
        }
        let rest = self.held.split_off(length);
        let piece = std::mem::replace(&mut self.held, rest);
        self.text.push_str(&piece);
        (self.on_text)(&piece).map_break(|()| Finish::Interrupted)
    }
}

/// Bytes at the end of `text` with which `stop` begins, if not all of it.
fn begun(text: &str, stop: &str) -> usize {
    let lengths = stop.char_indices().map(|(at, _)| at).rev();
    lengths.into_iter().find(|length| text.ends_with(&stop[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hear(pieces: &[String], stops: &[String]) -> (Vec<String>, String, bool) {
        let mut handed = Vec::new();
        let mut on_text = |piece: &str| {
            handed.push(piece.to_owned());
            ControlFlow::Continue(())
        };
        let mut ears = Ears::new(stops, &mut on_text);
        let stopped = pieces.iter().any(|piece| ears.hear(piece).is_break());
        if !stopped {
            assert!(ears.end().is_continue());
        }
        let text = ears.text().to_owned();
        (handed, text, stopped)
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_beginning_of_a_stop_is_held_back() {
        let (handed, text, stopped) = hear(&owned(&["a#", "#b#", "##c"]), &owned(&["###", ""]));
        assert_eq!((handed, text.as_str(), stopped), (owned(&["a", "##b"]), "a##b", true));
    }

    #[test]
    fn what_was_held_back_is_handed_on_at_the_end() {
        let (handed, _, stopped) = hear(&owned(&["答", "案#"]), &owned(&["##"]));
        assert_eq!((handed, stopped), (owned(&["答", "案", "#"]), false));
    }

    #[test]
    fn who_listens_may_end_it() {
        let mut on_text = |_: &str| ControlFlow::Break(());
        let mut ears = Ears::new(&[], &mut on_text);
        assert_eq!(ears.hear(""), ControlFlow::Continue(()));
        assert_eq!(ears.hear("a"), ControlFlow::Break(Finish::Interrupted));
        assert_eq!(ears.text(), "a");
    }

    proptest! {
        #[test]
        fn one_stop_cuts_where_it_does_in_the_whole_text(
            pieces in proptest::collection::vec("[ab答]{0,3}", 0..12),
            stop in "[ab答]{1,3}",
        ) {
            let (handed, text, stopped) = hear(&pieces, std::slice::from_ref(&stop));
            let whole = pieces.concat();
            let expected = whole.split(&stop).next().unwrap();
            prop_assert_eq!(handed.concat(), expected);
            prop_assert_eq!(text, expected);
            prop_assert_eq!(stopped, whole.contains(&stop));
            prop_assert!(handed.iter().all(|piece| !piece.is_empty()));
        }
    }
}
