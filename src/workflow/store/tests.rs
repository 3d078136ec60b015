//! The store on real folders.

use super::*;
use crate::workflow::files::sha256_hex;
use std::fs;
use std::path::Path;

fn facts(unique_id: Option<&str>) -> Facts {
    Facts {
        chip: ChipKey { jedec_id: Some("ef4017".into()), unique_id: unique_id.map(str::to_string) },
        part: "W25Q64FV".into(),
        programmer: "emu".into(),
        origin: Origin::Read,
        reads: Reads { passes: 2, ..Reads::default() },
        board: None,
        name: None,
        notes: Vec::new(),
    }
}

fn add(store: &Store, byte: u8, unique_id: Option<&str>) -> Manifest {
    let flash = [vec![byte; 0x8000], vec![0x55; 0x8000]].concat();
    let mut draft = Draft::new(store, flash.len() as u64).unwrap();
    draft.put(0x8000, &flash[0x8000..]).unwrap();
    draft.put(0, &flash[..0x8000]).unwrap();
    draft.add("sfdp.bin", b"SFDP").unwrap();
    draft.finish(&sha256_hex(&flash), facts(unique_id)).unwrap()
}

fn folder(store: &Store, id: &str) -> std::path::PathBuf {
    store.root().join(id)
}

#[test]
fn a_backup_is_listed_and_loaded_as_it_was_stored() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(dir.path()).unwrap();
    let first = add(&store, 1, Some("aa"));
    let second = add(&store, 2, Some("aa"));
    let ids: Vec<String> = store.list().unwrap().into_iter().map(|l| l.id).collect();
    assert_eq!(ids, [second.id.clone(), first.id.clone()], "newest first");
    let stored = store.load(&first.id).unwrap();
    assert_eq!((&stored.manifest, stored.flash[0], stored.flash.len()), (&first, 1, 0x1_0000));
    assert_eq!(fs::read(folder(&store, &first.id).join("flash.bin")).unwrap(), stored.flash);
    assert_eq!(store.companion(&first.id, "sfdp.bin").unwrap().unwrap(), b"SFDP");
    assert_eq!(store.companion(&first.id, "no").unwrap(), None);
    assert_eq!(first.id.len(), "20261122-091532-ef4017-01234567".len());
}

#[test]
fn what_was_edited_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(dir.path()).unwrap();
    type Edit = fn(&Path);
    let edits: [(&str, Edit); 6] = [
        ("checksum", |f| {
            let mut bytes = fs::read(f.join("flash.bin")).unwrap();
            bytes[77] ^= 1;
            fs::write(f.join("flash.bin"), bytes).unwrap();
        }),
        ("65535 bytes", |f| {
            let bytes = fs::read(f.join("flash.bin")).unwrap();
            fs::write(f.join("flash.bin"), &bytes[..65535]).unwrap();
        }),
        ("sfdp.bin is missing", |f| fs::remove_file(f.join("sfdp.bin")).unwrap()),
        ("own checksum", |f| {
            let text = fs::read_to_string(f.join("backup.json")).unwrap();
            fs::write(f.join("backup.json"), text.replace("\"aa\"", "\"ab\"")).unwrap();
        }),
        ("cannot be read", |f| fs::write(f.join("backup.json"), "{").unwrap()),
        ("schema 2", |f| fs::write(f.join("backup.json"), "{\"schema\":2}").unwrap()),
    ];
    for (fault, edit) in edits {
        let id = add(&store, 9, Some("aa")).id;
        edit(&folder(&store, &id));
        let error = store.load(&id).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{fault}");
        assert!(error.to_string().contains(fault), "{error}");
        store.remove(&id, true).unwrap();
    }
    let id = add(&store, 9, Some("aa")).id;
    fs::rename(folder(&store, &id), folder(&store, "other")).unwrap();
    assert!(store.load("other").unwrap_err().to_string().contains("calls it"));
}

#[test]
fn two_processes_work_next_to_each_other_and_only_one_alone_removes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(dir.path()).unwrap();
    let second = Store::open_locked(dir.path()).unwrap();
    let id = add(&store, 1, None).id;
    // Both at once, under names of their own.
    assert_ne!(add(&second, 1, None).id, id);
    // What the second one builds is not cleared away by a third.
    let mut draft = Draft::new(&second, 16).unwrap();
    draft.put(0, &[1; 16]).unwrap();
    drop(Store::open_locked(dir.path()).unwrap());
    draft.finish(&sha256_hex(&[1; 16]), facts(None)).unwrap();
    assert!(matches!(store.remove(&id, true), Err(StoreError::Locked(_))));
    drop(second);
    let extra = add(&store, 3, None).id;
    store.remove(&extra, true).unwrap();
    let looking = Store::open(dir.path());
    assert_eq!(looking.find(&id).unwrap(), id);
    assert!(matches!(looking.remove(&id, true), Err(StoreError::ReadOnly(_))));
    assert!(matches!(Draft::new(&looking, 16), Err(StoreError::ReadOnly(_))));
    drop(store);
    Store::open_locked(dir.path()).unwrap();
}

#[test]
fn nothing_half_built_is_seen_or_left() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(dir.path()).unwrap();
    let mut draft = Draft::new(&store, 16).unwrap();
    draft.put(0, &[1; 8]).unwrap();
    assert!(store.list().unwrap().is_empty());
    // What is on disk is not what was meant: no backup.
    assert!(draft.finish(&sha256_hex(&[1; 16]), facts(None)).is_err());
    assert!(store.list().unwrap().is_empty());
    drop(store);
    // A killed run's leavings go when the store is next opened for work.
    fs::create_dir(dir.path().join(".new-killed")).unwrap();
    drop(Store::open_locked(dir.path()).unwrap());
    assert!(!dir.path().join(".new-killed").exists());
}

#[test]
fn the_only_backup_of_a_chip_is_guarded() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(dir.path()).unwrap();
    let (a, b, other) = (add(&store, 1, Some("aa")), add(&store, 2, Some("aa")), add(&store, 3, Some("bb")));
    store.remove(&a.id, false).unwrap();
    for id in [&b.id, &other.id] {
        assert!(matches!(store.remove(id, false), Err(StoreError::OnlyBackup(_))));
    }
    store.remove(&b.id, true).unwrap();
    assert_eq!(store.list().unwrap().len(), 1);
    // Without unique ids, only equal contents prove that another backup can replace it.
    let (c, d) = (add(&store, 4, None), add(&store, 5, None));
    assert!(store.is_only_backup(&c.id).unwrap() && store.is_only_backup(&d.id).unwrap());
}

#[test]
fn ids_are_found_by_their_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(dir.path()).unwrap();
    let ids = [add(&store, 1, None).id, add(&store, 2, None).id];
    assert!(matches!(store.find("2"), Err(StoreError::Ambiguous { .. })));
    assert!(matches!(store.find(""), Err(StoreError::NotFound { .. })));
    assert!(store.find("nothing").unwrap_err().to_string().contains(&ids[0]));
    assert_eq!(store.find(&ids[1]).unwrap(), ids[1]);
}

#[test]
fn imports_prove_themselves_by_a_second_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(dir.path()).unwrap();
    let flash: Vec<u8> = (0..0x1_0000u32).map(|i| (i / 7) as u8).collect();
    let import = Import { flash: flash.clone(), source: "dump.bin".into(), ..Import::default() };
    assert_eq!(store.import(&import).unwrap().origin, Origin::Import);
    let twice = Import { second: Some(flash.clone()), ..import.clone() };
    let manifest = store.import(&twice).unwrap();
    assert_eq!(
        (manifest.origin, manifest.reads.passes, manifest.chip),
        (Origin::ImportTwice, 2, ChipKey::default())
    );
    let mut flipped = flash.clone();
    flipped[0x1234] ^= 0x10;
    let differs = store.import(&Import { second: Some(flipped), ..import.clone() });
    assert!(matches!(differs, Err(StoreError::SecondDiffers { bytes: 1, first: 0x1234, .. })));
    for bad in [vec![0xff; 0x1_0000], vec![0; 0x1_0000], flash[..0xffff].to_vec(), Vec::new()] {
        assert!(matches!(
            store.import(&Import { flash: bad, ..import.clone() }),
            Err(StoreError::Suspect(_))
        ));
    }
    assert_eq!(store.list().unwrap().len(), 2);
}

#[test]
fn an_export_is_the_whole_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(&dir.path().join("store")).unwrap();
    let manifest = add(&store, 1, None);
    let to = dir.path().join("out");
    store.export(&manifest.id, &to).unwrap();
    for name in ["flash.bin", "sfdp.bin", "backup.json"] {
        assert_eq!(
            fs::read(to.join(name)).unwrap(),
            fs::read(folder(&store, &manifest.id).join(name)).unwrap()
        );
    }
    assert!(store.export(&manifest.id, &to).is_err());
}

#[test]
fn threads_share_one_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(dir.path()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| add(&store, 1, Some("aa")));
        }
    });
    let list = store.list().unwrap();
    assert_eq!(list.len(), 8);
    assert!(list.iter().all(|l| store.verify(&l.id).is_ok()));
}
