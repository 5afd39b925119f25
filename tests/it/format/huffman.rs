//! The codes that a deflate block may bring: which are codes at all is for zlib to say.

use super::filez::{check, header};

/// The symbols that a list of code lengths may use below, and with each how many extra bits follow.
const EXTRA: [(usize, u32); 3] = [(16, 2), (17, 3), (18, 7)];

/// Writes one last block with codes of its own; codes of lengths are the four of two bits, in order.
fn dynamic(
    (contents, distances): (u32, u32),
    lengths_of_lengths: &[(usize, u32)],
    lengths: &[(usize, u32)],
    symbols: &[(u32, u32)],
) -> Vec<u8> {
    let order = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ];
    let mut fields = vec![
        (1, 1),
        (2, 2),
        (contents - 257, 5),
        (distances - 1, 5),
        (15, 4),
    ];
    fields.extend(order.map(|place| {
        let given = lengths_of_lengths
            .iter()
            .find(|(symbol, _)| *symbol == place);
        (given.map_or(0, |(_, length)| *length), 3)
    }));
    for (symbol, extra) in lengths {
        let place = lengths_of_lengths
            .iter()
            .position(|(given, _)| given == symbol);
        // Huffman codes stand with their first bit first.
        fields.push(([0, 2, 1, 3][place.unwrap()], 2));
        let width = EXTRA.iter().find(|(repeat, _)| repeat == symbol);
        fields.extend(width.map(|(_, width)| (*extra, *width)));
    }
    fields.extend(symbols);
    let bits = fields
        .iter()
        .flat_map(|(value, width)| (0..*width).map(move |at| value >> at & 1));
    let bits: Vec<u32> = bits.collect();
    let byte = |bits: &[u32]| {
        bits.iter()
            .rev()
            .fold(0, |byte, bit| byte << 1 | *bit as u8)
    };
    bits.chunks(8).map(byte).collect()
}

/// Codes that are none, and those that look so and are; the stream decoder has to agree.
#[test]
fn codes_of_a_block() {
    const USUAL: &[(usize, u32)] = &[(0, 2), (1, 2), (2, 2), (18, 2)];
    const AGAIN: &[(usize, u32)] = &[(1, 2), (2, 2), (16, 2), (18, 2)];
    // Before the end of block, number 256, lie 256 others.
    const NONE_BEFORE: [(usize, u32); 2] = [(18, 127), (18, 107)];
    const BYTE_0: [(usize, u32); 3] = [(1, 0), (18, 127), (18, 106)];
    let only_end = |after: &[(usize, u32)]| [&NONE_BEFORE[..], &[(1, 0)], after].concat();
    // Byte 0 in one bit, the end and a match of three in two each.
    let matching = |after: &[(usize, u32)]| [&BYTE_0[..], &[(2, 0), (2, 0)], after].concat();
    let zeros = |count: u32| (18, count - 11);
    let (byte, end, three) = ((0, 1), (1, 2), (3, 2));
    for (name, counts, first, lengths, symbols, content) in [
        (
            "end-alone",
            (257, 1),
            USUAL,
            only_end(&[(0, 0)]),
            vec![(0, 1)],
            Some(0),
        ),
        (
            "end-alone-other-bit",
            (257, 1),
            USUAL,
            only_end(&[(0, 0)]),
            vec![(1, 1)],
            None,
        ),
        (
            "286-contents",
            (286, 1),
            USUAL,
            only_end(&[zeros(30)]),
            vec![(0, 1)],
            Some(0),
        ),
        (
            "287-contents",
            (287, 1),
            USUAL,
            only_end(&[zeros(31)]),
            vec![(0, 1)],
            None,
        ),
        (
            "288-contents",
            (288, 1),
            USUAL,
            only_end(&[zeros(32)]),
            vec![(0, 1)],
            None,
        ),
        (
            "30-distances",
            (257, 30),
            USUAL,
            only_end(&[zeros(30)]),
            vec![(0, 1)],
            Some(0),
        ),
        (
            "31-distances",
            (257, 31),
            USUAL,
            only_end(&[zeros(31)]),
            vec![(0, 1)],
            None,
        ),
        (
            "32-distances",
            (257, 32),
            USUAL,
            only_end(&[zeros(32)]),
            vec![(0, 1)],
            None,
        ),
        (
            "one-distance",
            (258, 1),
            USUAL,
            matching(&[(1, 0)]),
            vec![byte, three, (0, 1), end],
            Some(4),
        ),
        (
            "one-distance-other-bit",
            (258, 1),
            USUAL,
            matching(&[(1, 0)]),
            vec![byte, three, (1, 1), end],
            None,
        ),
        (
            "one-distance-unused",
            (258, 1),
            USUAL,
            matching(&[(1, 0)]),
            vec![byte, end],
            Some(1),
        ),
        (
            "one-distance-of-two-bits",
            (258, 1),
            USUAL,
            matching(&[(2, 0)]),
            vec![byte, end],
            None,
        ),
        (
            "no-distance-unused",
            (258, 1),
            USUAL,
            matching(&[(0, 0)]),
            vec![byte, end],
            Some(1),
        ),
        (
            "no-distance-used",
            (258, 1),
            USUAL,
            matching(&[(0, 0)]),
            vec![byte, three, (0, 1), end],
            None,
        ),
        (
            "distance-before-start",
            (258, 2),
            USUAL,
            matching(&[(1, 0), (1, 0)]),
            vec![byte, three, (1, 1), end],
            None,
        ),
        (
            "distances-over-subscribed",
            (258, 3),
            USUAL,
            matching(&[(1, 0), (1, 0), (1, 0)]),
            vec![byte, end],
            None,
        ),
        (
            "distances-incomplete",
            (258, 2),
            USUAL,
            matching(&[(1, 0), (2, 0)]),
            vec![byte, end],
            None,
        ),
        (
            "contents-over-subscribed",
            (257, 1),
            USUAL,
            [
                &[(1, 0)],
                &BYTE_0[..1],
                &[zeros(138), zeros(116), (1, 0), (0, 0)],
            ]
            .concat(),
            vec![byte],
            None,
        ),
        (
            "contents-incomplete",
            (257, 1),
            USUAL,
            [&[(2, 0)], &BYTE_0[1..], &[(2, 0), (0, 0)]].concat(),
            vec![(1, 2)],
            None,
        ),
        (
            "without-end",
            (257, 1),
            USUAL,
            vec![(1, 0), (1, 0), zeros(138), zeros(116), (0, 0), (0, 0)],
            vec![byte],
            None,
        ),
        (
            "repeat-of-nothing",
            (257, 1),
            AGAIN,
            [&[(16, 0)], &[zeros(138), zeros(115), (1, 0), (1, 0)][..]].concat(),
            vec![(0, 1)],
            None,
        ),
        (
            "repeat-into-distances",
            (257, 4),
            AGAIN,
            vec![zeros(138), zeros(115), (2, 0), (16, 3), (2, 0)],
            vec![(3, 2)],
            Some(0),
        ),
        (
            "repeat-beyond-distances",
            (257, 3),
            AGAIN,
            vec![zeros(138), zeros(115), (2, 0), (2, 0), (16, 3)],
            vec![(3, 2)],
            None,
        ),
        (
            "zeros-beyond-distances",
            (257, 1),
            USUAL,
            only_end(&[zeros(11)]),
            vec![(0, 1)],
            None,
        ),
        (
            "lengths-incomplete",
            (257, 1),
            &[(0, 2), (1, 2), (18, 3), (2, 3)],
            only_end(&[(0, 0)]),
            vec![(0, 1)],
            None,
        ),
        (
            "lengths-over-subscribed",
            (257, 1),
            &[(0, 2), (1, 2), (2, 2), (18, 2), (3, 2)],
            vec![(0, 0)],
            vec![],
            None,
        ),
        (
            "lengths-single",
            (257, 1),
            &[(0, 1)],
            vec![(0, 0); 258],
            vec![],
            None,
        ),
        ("lengths-none", (257, 1), &[], vec![], vec![(0, 32)], None),
    ] {
        let stream = dynamic(counts, first, &lengths, &symbols);
        let size = content.unwrap_or(0);
        let found = check(&[&header().zlib_header(size)[..], &stream].concat());
        match content {
            Some(size) => assert_eq!(found.unwrap().0, vec![0; size as usize], "{name}"),
            None => {
                let error = found.unwrap_err().to_string();
                assert!(error.contains("damaged"), "{name}: {error}");
            }
        }
    }
}
