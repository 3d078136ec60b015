//! README's times are those of hw-notes/timing.md, for every programmer that has them there.

/// The cells of the rows of a page that have so many.
fn rows(page: &str, cells: usize) -> Vec<Vec<&str>> {
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let rows = rows.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    rows.filter(|row| row.len() == cells).collect()
}

/// Seconds of a cell such as `2.3 s`, and their last digit's worth.
fn seconds(cell: &str) -> Option<(f64, f64)> {
    let number = cell.strip_suffix(" s")?;
    let digits = number.split_once('.').map_or(0, |(_, digits)| digits.len());
    Some((number.parse().ok()?, 0.1f64.powi(digits as i32)))
}

#[test]
fn readme_has_a_row_for_each_programmer_of_the_table_of_times() {
    let (readme, timing) = (include_str!("../README.md"), include_str!("../hw-notes/timing.md"));
    let (short, long) = (rows(readme, 4), rows(timing, 11));
    let jobs = ["full read, one pass", "loader swap, 128 KiB", "whole rewrite"];
    let programmers: Vec<&str> = long.iter().filter(|row| row[0] == jobs[0]).map(|row| row[1]).collect();
    assert!(programmers.len() >= 6, "{programmers:?}");
    for programmer in programmers {
        // `serprog, Pico, 12 MHz` is `serprog, a Pico at 12 MHz` there.
        let words: Vec<&str> = programmer.split([',', ' ']).filter(|word| !word.is_empty()).collect();
        let named = |row: &&Vec<&str>| words.iter().all(|word| row[0].contains(word));
        let row = short.iter().find(named).unwrap_or_else(|| panic!("README has no row for {programmer}"));
        for (cell, job) in row[1..].iter().zip(jobs) {
            let wanted = long.iter().find(|row| row[..2] == [job, programmer]).unwrap();
            let ((told, step), (measured, _)) = (seconds(cell).unwrap(), seconds(wanted[8]).unwrap());
            assert!((told - measured).abs() <= step * 0.51, "{programmer}, {job}: {cell}, {}", wanted[8]);
        }
    }
}
