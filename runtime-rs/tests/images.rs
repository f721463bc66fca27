//! Image files against the pixels that Pillow (libjpeg-turbo, libwebp, OpenJPEG, libtiff) reads from them, and damaged ones.

use std::fs;
use std::path::PathBuf;

use onnxidize_runtime::image::{decode, Image};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/images")
}

/// Name and contents of each image.
fn images() -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder()).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let images = names.filter(|n| !n.ends_with(".pixels"));
    images
        .map(|n| (n.clone(), fs::read(folder().join(n)).unwrap()))
        .collect()
}

/// The pixels beside an image, which are in a raw pixmap.
fn expected(name: &str) -> Image {
    let file = fs::read(folder().join(format!("{name}.pixels"))).unwrap();
    let header = file
        .iter()
        .enumerate()
        .filter(|(_, &b)| b == b'\n')
        .nth(2)
        .unwrap()
        .0;
    let text = std::str::from_utf8(&file[..header]).unwrap();
    let mut numbers = text.split_whitespace().skip(1).map(|n| n.parse().unwrap());
    Image {
        width: numbers.next().unwrap(),
        height: numbers.next().unwrap(),
        rgb: file[header + 1..].to_vec(),
    }
}

#[test]
fn every_format_gives_its_pixels() {
    let images = images();
    assert!(images.len() >= 17, "{} images", images.len());
    for (name, file) in images {
        let (found, expected) = (decode(&file).expect(&name), expected(&name));
        assert_eq!(
            (found.width, found.height),
            (expected.width, expected.height),
            "{name}"
        );
        // Floats may round to the other side.
        let slack = if name == "irreversible.jp2" { 1 } else { 0 };
        for (i, (f, e)) in found.rgb.iter().zip(&expected.rgb).enumerate() {
            assert!(
                f.abs_diff(*e) <= slack,
                "{name}: byte {i} is {f}, expected {e}"
            );
        }
    }
}

#[test]
fn damaged_files_give_an_image_or_none() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for (_, file) in images() {
        for end in 0..file.len().min(40) {
            decode(&file[..end]);
        }
        for _ in 0..30 {
            let mut damaged = file.clone();
            // Headers with the size of the image are left alone: large images take long.
            for _ in 0..1 + random() % 4 {
                let at = 40 + random() % (file.len().max(41) - 40);
                if let Some(byte) = damaged.get_mut(at) {
                    *byte = random() as u8;
                }
            }
            damaged.truncate(file.len() - random() % 3 * file.len() / 5);
            if let Some(image) = decode(&damaged) {
                assert_eq!(image.rgb.len(), 3 * image.width * image.height);
            }
        }
    }
}

#[test]
fn what_is_no_image_gives_none() {
    for file in [
        &b""[..],
        b"B",
        b"BM",
        b"GIF89a",
        &[0xff, 0xd8, 0xff],
        b"RIFF\0\0\0\0WEBPVP8 ",
        &[0; 100],
    ] {
        assert_eq!(decode(file), None);
    }
}
