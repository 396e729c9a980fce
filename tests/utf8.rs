//! The incremental UTF-8 decoder: the same text as decoding everything at once, given as early as
//! it is complete.

use moescope_engine::utf8::Utf8Decoder;

const TRICKY: [&[u8]; 9] = [
    b"",
    b"plain",
    "é漢😀 mixed".as_bytes(),
    b"\xff\xfe\x80",
    b"ab\xe6\xbc",
    b"\xf0\x9f\x98",
    b"\xe6\xbc\xe6\xbc\xa2",
    b"\xf0\x9fx\xed\xa0\x80\xc0\xaf",
    b"\xf4\x90\x80\x80\xe2\x82",
];

/// All text that comes out when the bytes are pushed in pieces of a length.
fn in_pieces(bytes: &[u8], length: usize) -> String {
    let mut decoder = Utf8Decoder::new();
    let mut text: String = bytes.chunks(length).map(|piece| decoder.push(piece)).collect();
    text.push_str(decoder.finish());
    text
}

#[test]
fn pieces_give_the_text_of_from_utf8_lossy() {
    for bytes in TRICKY {
        for length in 1..=bytes.len().max(1) {
            assert_eq!(
                in_pieces(bytes, length),
                String::from_utf8_lossy(bytes),
                "{bytes:x?} in pieces of {length}"
            );
        }
    }
}

#[test]
fn all_short_sequences_of_telling_bytes_agree() {
    let telling = [
        b'a', 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xff,
    ];
    for code in 0..telling.len().pow(4) {
        let bytes: Vec<u8> = (0..4)
            .map(|place| telling[code / telling.len().pow(place) % telling.len()])
            .collect();
        for length in 1..4 {
            assert_eq!(
                in_pieces(&bytes, length),
                String::from_utf8_lossy(&bytes),
                "{bytes:x?} in pieces of {length}"
            );
        }
    }
}

#[test]
fn text_comes_as_soon_as_it_is_complete() {
    let mut decoder = Utf8Decoder::new();
    let pieces: [(&[u8], &str); 4] = [
        (b"a\xe6", "a"),
        (b"\xbc", ""),
        (b"\xa2b", "漢b"),
        (b"\xf0\x9f", ""),
    ];
    for (bytes, expected) in pieces {
        assert_eq!(decoder.push(bytes), expected);
    }
    assert_eq!(decoder.finish(), "\u{fffd}");
    assert_eq!(decoder.finish(), "");
}
