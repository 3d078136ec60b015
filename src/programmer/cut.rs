//! Cuts a batch: for the fast shape into bursts of many windows, for the others each window into parts.

use super::shape::Piece;
use crate::spi::{Op, Transaction};
use std::time::Duration;

/// Bytes clocked in one burst at most: bounds the memory of its OUT side.
pub(super) const BURST: usize = 1 << 20;

/// The first piece of a batch that can go down as one burst of whole windows: its length in transactions. `keeps`
/// says whether the programmer keeps a pause by itself.
pub(super) fn first_piece(batch: &[Transaction<'_>], keeps: impl Fn(Duration) -> bool) -> usize {
    let mut clocked = 0;
    for (i, transaction) in batch.iter().enumerate() {
        clocked += transaction.clocked();
        if i > 0 && clocked > BURST {
            return i;
        }
        if !keeps(transaction.pause) {
            return i + 1;
        }
    }
    batch.len()
}

/// The parts of one window, none longer than `piece`; one empty part where nothing is clocked.
pub(super) fn parts<'b>(transaction: &'b mut Transaction<'_>, piece: Piece) -> Vec<Transaction<'b>> {
    let mut parts: Vec<Transaction<'b>> = vec![Transaction::default()];
    let mut room = piece;
    for op in &mut transaction.ops {
        let mut rest = reborrow(op);
        while !rest.is_empty() {
            let reads = !matches!(rest, Op::Write(_));
            let most = if reads { room.clocked.min(room.read) } else { room.clocked };
            if most == 0 {
                parts.push(Transaction::default());
                room = piece;
                continue;
            }
            let taken = most.min(rest.len());
            let (now, later) = split(rest, taken);
            room.clocked -= taken;
            if reads {
                room.read -= taken;
            }
            if let Some(part) = parts.last_mut() {
                part.ops.push(now);
            }
            rest = later;
        }
    }
    parts
}

fn reborrow<'b>(op: &'b mut Op<'_>) -> Op<'b> {
    match op {
        Op::Write(bytes) => Op::Write(bytes),
        Op::Read(into) => Op::Read(into),
        Op::Transfer(both) => Op::Transfer(both),
    }
}

fn split(op: Op<'_>, at: usize) -> (Op<'_>, Op<'_>) {
    match op {
        Op::Write(bytes) => {
            let (a, b) = bytes.split_at(at);
            (Op::Write(a), Op::Write(b))
        }
        Op::Read(into) => {
            let (a, b) = into.split_at_mut(at);
            (Op::Read(a), Op::Read(b))
        }
        Op::Transfer(both) => {
            let (a, b) = both.split_at_mut(at);
            (Op::Transfer(a), Op::Transfer(b))
        }
    }
}

/// True for transactions that only ask: each writes a command and ends in a read, as every command of a flash that
/// changes nothing does. Such a batch may be run again.
pub(super) fn only_asks(batch: &[Transaction<'_>]) -> bool {
    batch.iter().all(|transaction| {
        let (last, before) = match transaction.ops.split_last() {
            Some(ops) => ops,
            None => return true,
        };
        matches!(last, Op::Read(into) if !into.is_empty())
            && before.iter().all(|op| matches!(op, Op::Write(_)))
    })
}

/// True where the window ends in a read: raising chip select after it changes nothing on the chip.
pub(super) fn ends_in_read(transaction: &Transaction<'_>) -> bool {
    matches!(transaction.ops.last(), Some(Op::Read(into)) if !into.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_cut_by_what_it_clocks_and_by_what_it_reads() {
        let mut data = [0u8; 25];
        let mut transaction = Transaction::read(&[3, 0, 0, 0], &mut data);
        let sizes = |transaction: &mut Transaction<'_>, clocked, read| -> Vec<usize> {
            parts(transaction, Piece { clocked, read }).iter().map(Transaction::clocked).collect()
        };
        assert_eq!(sizes(&mut transaction, 100, 100), [29]);
        assert_eq!(sizes(&mut transaction, 10, 100), [10, 10, 9]);
        assert_eq!(sizes(&mut transaction, 100, 10), [14, 10, 5]);
        assert_eq!(sizes(&mut transaction, 3, 1)[..3], [3, 2, 1]);
        assert_eq!(sizes(&mut Transaction::default(), 10, 10), [0]);
    }

    #[test]
    fn questions_end_in_a_read_and_transfer_nothing() {
        let (mut a, mut b) = ([0; 2], [0; 2]);
        assert!(only_asks(&[Transaction::read(&[5], &mut a), Transaction::read(&[0x9F], &mut b)]));
        assert!(!only_asks(&[Transaction::read(&[5], &mut a), Transaction::write(&[6])]));
        let both = Transaction { ops: vec![Op::Transfer(&mut a), Op::Read(&mut b)], pause: Duration::ZERO };
        assert!(!only_asks(&[both]));
    }

    #[test]
    fn a_large_batch_goes_down_in_bursts_of_bounded_size() {
        let mut data = vec![vec![0u8; 200_000]; 11];
        let mut batch: Vec<_> = data.iter_mut().map(|d| Transaction::read(&[3], d)).collect();
        let keeps = |pause: Duration| pause < Duration::from_millis(1);
        assert_eq!(first_piece(&batch, keeps), 5);
        assert_eq!(first_piece(&batch[10..], keeps), 1);
        batch[1].pause = Duration::from_secs(1);
        assert_eq!(first_piece(&batch, keeps), 2);
    }
}
