//! A disk that fills up loses nothing. Limits on the size of files stand for it, which need no mount.
#![cfg(unix)]

use std::process::Command;

use crate::desk::{Desk, Ran, run};

/// Runs the program where no file may be larger than `kibibytes`: writing beyond is an error, or ends the program.
fn limited<'a>(desk: &Desk, kibibytes: u64, ends: bool, args: impl IntoIterator<Item = &'a str>) -> Ran {
    let script = match ends {
        true => "ulimit -f \"$0\"; exec \"$@\"",
        false => "ulimit -f \"$0\"; trap '' XFSZ; exec \"$@\"",
    };
    let inner = desk.command(args);
    let mut command = Command::new("sh");
    // blocks of 512 bytes, as POSIX has them
    command.args(["-c", script, &(kibibytes * 2).to_string()]).arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    run(command.current_dir(desk.root()))
}

fn kibibytes(desk: &Desk) -> u64 {
    std::fs::metadata(desk.kb()).unwrap().len() / 1024
}

/// Two versions of a document of a hundred chunks, in a knowledge base with another one.
fn desk() -> (Desk, String) {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "otters.md"]).ok();
    let long: String = (0..100).map(|i| format!("# Part {i}\n\nOne-hot codes do not scale beyond {i}.\n\n")).collect();
    desk.write("long.md", &long);
    (desk, long)
}

/// Nothing is wrong but, at most, that what went could not be overwritten yet.
#[track_caller]
fn sound(desk: &Desk) {
    let findings = desk.qiao(["verify", "--json"]).json_lines();
    assert!(findings.iter().all(|finding| finding["remedy"] == "rewrite"), "{findings:?}");
    assert_eq!(desk.qiao(["show", "otters.md"]).ok().text(), "Otters eat sea urchins.\n");
}

#[test]
fn adding_replacing_removing_and_exporting_where_there_is_no_room_lose_nothing() {
    let (desk, long) = desk();
    let (mut refused, mut done) = (0, 0);
    for room in [16, 64, 160, 320] {
        for ends in [false, true] {
            let ran = limited(&desk, kibibytes(&desk) + room, ends, ["add", "long.md"]);
            match ran.status.code() {
                Some(0) => done += 1,
                Some(5) => {
                    refused += 1;
                    ran.says(&["the disk is full", "nothing that was in it is lost", "run the command again"]);
                }
                _ => assert!(ends, "{}", ran.stderr),
            }
            sound(&desk);
            // no half document
            assert!([1, 2].contains(&desk.listed().len()));
        }
    }
    assert!(refused > 0, "{refused} refused, {done} done: the limits were never reached");
    desk.qiao(["add", "long.md"]).ok();
    assert_eq!(desk.listed().len(), 2);

    desk.write("long.md", long.replace("One-hot", "Two-hot"));
    let mut refused = 0;
    for room in [0, 8, 64] {
        for ends in [false, true] {
            let ran = limited(&desk, kibibytes(&desk) / 2 + room, ends, ["add", "long.md"]);
            refused += u32::from(!ran.status.success());
            sound(&desk);
            let text = desk.qiao(["show", "long.md"]).ok().text();
            assert!(["One-hot", "Two-hot"].iter().any(|version| text.matches(version).count() == 100), "{text}");
        }
    }
    assert!(refused > 0, "the limits were never reached");
    limited(&desk, 64, false, ["export", "out.qx"]).exits(5).says(&["cannot export", "out.qx"]);
    assert!(!desk.path("out.qx").exists(), "no half export");
    let before = desk.listed();
    let ran = limited(&desk, 64, false, ["remove", "long.md"]);
    assert_eq!(ran.status.code(), Some(5), "{}", ran.stderr);
    sound(&desk);
    let after = desk.listed();
    assert!(after == before || after == ["otters.md"], "{after:?}");
    desk.qiao(["verify", "--repair"]).ok();
    if after != before {
        assert!(!desk.kb_holds(b"-hot codes"), "what was removed is overwritten once there is room");
    }
}
