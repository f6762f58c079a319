//! Reading a file costs no more than was allowed.

use crate::desk::Desk;
use crate::pdf;

#[test]
fn a_file_that_takes_too_long_is_given_up() {
    let desk = Desk::new();
    // takes some ten times the second
    desk.write("slow.pdf", pdf::pdf(&[pdf::scattered(400_000)]));
    desk.write("good.md", "Otters eat sea urchins.\n");
    let said = ["slow.pdf", "longer than 1 s", "--parse-seconds"];
    desk.qiao(["parse", "slow.pdf", "--parse-seconds", "1"]).exits(3).says(&said);
    desk.qiao(["add", "slow.pdf", "good.md", "--parse-seconds", "1"])
        .exits(3)
        .says(&said)
        .says(&["1 added, 0 unchanged, 1 failed"]);
    assert_eq!(desk.listed(), ["good.md"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_takes_too_much_memory_is_given_up() {
    let desk = Desk::new();
    desk.write("big.txt", "words and words\n".repeat(600_000));
    desk.write("big.pdf", pdf::pdf(&[pdf::scattered(100_000)]));
    desk.write("good.md", "Otters eat sea urchins.\n");
    for (name, mebibytes) in [("big.txt", "16"), ("big.txt", "64"), ("big.pdf", "16"), ("big.pdf", "64")] {
        let said = [name, &format!("more than {mebibytes} MiB of memory"), "--parse-mebibytes"];
        desk.qiao(["parse", name, "--parse-mebibytes", mebibytes]).exits(3).says(&said);
    }
    let ran = desk.qiao(["add", "big.txt", "big.pdf", "good.md", "--parse-mebibytes", "24"]).exits(3);
    ran.says(&["big.txt", "big.pdf", "more than 24 MiB of memory", "1 added, 0 unchanged, 2 failed"]);
    assert_eq!(desk.listed(), ["good.md"]);
}

#[test]
fn what_was_too_much_is_read_once_more_is_allowed() {
    let desk = Desk::new();
    desk.write("big.txt", "words and words\n".repeat(60_000));
    if cfg!(target_os = "linux") {
        desk.qiao(["parse", "big.txt", "--parse-mebibytes", "16"]).exits(3);
    }
    let text = desk.qiao(["parse", "big.txt", "--parse-mebibytes", "512"]).ok().text();
    assert_eq!(text.lines().count(), 60_000);
}

#[cfg(target_os = "linux")]
mod processes {
    use std::path::PathBuf;
    use std::process::Stdio;

    use crate::desk::{Desk, finish, until};
    use crate::pdf;

    /// Processes whose arguments hold `argument`.
    fn with_argument(argument: &str) -> Vec<PathBuf> {
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path());
        let has = |path: &PathBuf| {
            let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
            line.split(|b| *b == 0).any(|word| word == argument.as_bytes())
        };
        processes.filter(has).collect()
    }

    #[test]
    fn no_worker_outlives_its_time() {
        let desk = Desk::new();
        desk.write("slow.pdf", pdf::pdf(&[pdf::scattered(400_000)]));
        // a limit that no other test gives marks this worker
        desk.qiao(["parse", "slow.pdf", "--parse-seconds", "1", "--parse-mebibytes", "777"]).exits(3);
        assert_eq!(with_argument(&(777u64 << 20).to_string()), Vec::<PathBuf>::new());
    }

    #[test]
    fn no_worker_outlives_the_program() {
        let desk = Desk::new();
        desk.write("slow.pdf", pdf::pdf(&[pdf::scattered(400_000)]));
        let args = ["parse", "slow.pdf", "--parse-seconds", "1000", "--parse-mebibytes", "779"];
        let mut child = desk.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mark = (779u64 << 20).to_string();
        until("the worker", || with_argument(&mark).len() == 1);
        child.kill().unwrap();
        assert_eq!(finish(child).status.code(), None, "it was killed in the midst of its work");
        until("the worker's end", || with_argument(&mark).is_empty());
    }
}
