//! What a file that is no GGUF looks like, judged by its first bytes: people point at the wrong
//! file far more often than at a damaged one.

use std::fmt;

/// A kind of file met in place of a GGUF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    BigEndianGguf,
    OldGgml,
    GitLfsPointer,
    Gzip,
    Zip,
    Html,
    Json,
    Onnx,
    Safetensors,
    Xml,
    Zstd,
    Unknown([u8; 4]),
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::BigEndianGguf => "a big-endian GGUF; convert it with gguf_convert_endian.py",
            Self::OldGgml => "a GGML file from before GGUF; convert the model again with a current llama.cpp",
            Self::GitLfsPointer => {
                "a Git LFS pointer, not the model itself; run git lfs pull or download the file by its link"
            }
            Self::Gzip => "a gzip archive; unpack it first",
            Self::Zip => "a zip archive or a PyTorch checkpoint; unpack or convert it first",
            Self::Html => {
                "a web page: the link probably leads to a page about the file, or to a log-in, not to the file itself"
            }
            Self::Json => "a JSON document, perhaps an error message of the server",
            Self::Onnx => "an ONNX model; look for a GGUF of the same model",
            Self::Safetensors => "a safetensors file; convert it with llama.cpp's convert_hf_to_gguf.py",
            Self::Xml => "an XML document, perhaps an error message of the server",
            Self::Zstd => "a zstd archive; unpack it first",
            Self::Unknown(bytes) => {
                return write!(f, "nothing known (it starts with the bytes {bytes:02x?})");
            }
        };
        f.write_str(text)
    }
}

/// Judges the first bytes of a file.
pub fn recognize(bytes: &[u8]) -> Looks {
    let text = bytes.trim_ascii_start();
    match bytes {
        [b'l', b'm', b'g', b'g', ..] | [b't', b'j', b'g', b'g', ..] | [b'f', b'm', b'g', b'g', ..] => {
            Looks::OldGgml
        }
        [0x1f, 0x8b, ..] => Looks::Gzip,
        [b'P', b'K', ..] => Looks::Zip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Looks::Zstd,
        _ if bytes.starts_with(b"version https://git-lfs") => Looks::GitLfsPointer,
        // A JSON header after its length as u64.
        [_, _, _, _, _, 0, 0, 0, b'{', ..] => Looks::Safetensors,
        _ if text.starts_with(b"<?xml") => Looks::Xml,
        [b'<', ..] => Looks::Html,
        _ if text.starts_with(b"<") => Looks::Html,
        _ if text.starts_with(b"{") || text.starts_with(b"[") => Looks::Json,
        // protobuf: ir_version (field 1, a small number), then producer_name (2) or graph (7).
        [0x08, 0x00..=0x20, 0x12 | 0x3a, ..] => Looks::Onnx,
        _ => {
            let mut first = [0; 4];
            first.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            Looks::Unknown(first)
        }
    }
}
