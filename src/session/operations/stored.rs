//! Operations on the store: backups, jobs, reports.

use super::work::{Fault, Outcome, Work};
use crate::desk::files::check_new;
use crate::desk::report::{Dossier, NextStep};
use crate::desk::stored::{SINGLE, doubts, dump, verify_backups};
use crate::desk::subject::Dump;
use crate::desk::{self, drop_job, files};
use crate::wire::options::Options;
use crate::wire::session::request_text;
use crate::wire::{self, PageOf};
use crate::workflow::{ChipKey, Import, Manifest, Origin};
use std::path::Path;

pub fn list(work: &Work<'_, '_>, _: &Options) -> Outcome {
    let store = work.store();
    let all = store.list()?;
    let sound: Vec<&Manifest> = all.iter().filter_map(|one| one.manifest.as_ref().ok()).collect();
    let damaged: Vec<(&str, &str)> =
        all.iter().filter_map(|one| Some((one.id.as_str(), one.manifest.as_ref().err()?.as_str()))).collect();
    Ok(wire::backups(store.root(), &sound, &damaged))
}

pub fn show(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let store = work.store();
    let manifest = store.manifest(&store.find(options.needed("backup")?)?)?;
    Ok(wire::backup_details(store.root(), &manifest))
}

/// Damaged ones are a result here: a list of them, empty where all are sound.
pub fn verify(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let checked = verify_backups(&work.store(), options.text("backup")?)?;
    let sound = checked.iter().filter(|(_, checked)| checked.is_ok());
    let sound: Vec<String> = sound.map(|(id, _)| id.clone()).collect();
    let damaged = checked.iter().filter_map(|(id, one)| Some((id.as_str(), one.as_ref().err()?.as_str())));
    Ok(wire::backups_checked(&sound, &damaged.collect::<Vec<_>>()))
}

pub fn name(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let store = work.store_to_write()?;
    let id = store.find(options.needed("backup")?)?;
    Ok(wire::backup(store.root(), &store.rename(&id, options.needed("name")?)?))
}

pub fn prune(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let store = work.store_to_write()?;
    let ids: Vec<String> = store.needless()?.into_iter().map(|manifest| manifest.id).collect();
    if ids.is_empty() || options.flag("dry_run")? {
        return Ok(wire::backups_pruned(&ids, false));
    }
    desk::prune_backups(work.front, &store, &ids)?;
    Ok(wire::backups_pruned(&ids, true))
}

pub fn remove(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let store = work.store_to_write()?;
    let id = store.find(options.needed("backup")?)?;
    desk::remove_backup(work.front, &store, &id)?;
    Ok(wire::stored_id(&id))
}

/// Into a new folder, or as one file.
pub fn export(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let store = work.store();
    let (id, to) = (options.needed("backup")?, (options.text("dir")?, options.text("out")?));
    match to {
        (Some(dir), None) => {
            let id = store.find(id)?;
            check_new(Path::new(dir))?;
            let path = store.export(&id, Path::new(dir))?;
            Ok(wire::backup_exported(&id, &path))
        }
        (None, Some(out)) => {
            let mut file = work.create(options, Path::new(out), &[])?;
            let id = store.find(id)?;
            file.write(&store.archive(&id)?)?;
            file.keep()?;
            Ok(wire::backup_exported(&id, Path::new(out)))
        }
        _ => Err("give one of \"dir\" and \"out\"".to_owned().into()),
    }
}

pub fn import(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let text = |name: &str| -> Result<Option<String>, Fault> { Ok(options.text(name)?.map(str::to_owned)) };
    let source = options.needed("file")?.to_owned();
    let flash = dump(Path::new(&source))?;
    let second = options.text("second")?.map(|file| dump(Path::new(file))).transpose()?;
    let (chip, board, name) = (ChipKey::default(), text("board")?, text("name")?);
    let import = Import { flash, second, source, chip, part: None, board, name };
    let doubts = doubts(&import)?;
    let store = work.store_to_write()?;
    let manifest = store.import(&import)?;
    let warn = |text: &str| work.front.send("warning", wire::message(text));
    doubts.iter().for_each(|doubt| warn(&doubt.to_string()));
    if manifest.origin == Origin::Import {
        warn(SINGLE);
    }
    Ok(wire::backup(store.root(), &manifest))
}

pub fn jobs(work: &Work<'_, '_>, _: &Options) -> Outcome {
    Ok(wire::jobs(&work.store().jobs()?))
}

pub fn drop_open_job(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let store = work.store_to_write()?;
    let job = store.find_job(options.needed("job")?)?;
    drop_job(work.front, &store, &job)?;
    Ok(wire::job_opened(&job))
}

/// A backup, a job or the dump in a file as a page.
pub fn report(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (what, out) = (Path::new(options.needed("what")?), Path::new(options.needed("out")?));
    let mut file = work.create(options, out, &[what])?;
    let (html, fields) = match Dump::named(what) {
        Dump::File(path) => {
            let (store, dossier) = Dossier::of_dump(path.display().to_string(), files::read_image(path)?)?;
            let name = path.display().to_string();
            let page = dossier.page(&store, &|step| step_words(step, Some(&name)))?;
            (page, wire::page(out, PageOf::Dump(path)))
        }
        Dump::Backup(id) => {
            let store = work.store();
            let dossier = Dossier::load(&store, id)?;
            let page = dossier.page(&store, &|step| step_words(step, None))?;
            (page, wire::page(out, PageOf::Backup { id: &dossier.manifest.id, job: dossier.job() }))
        }
    };
    file.write(html.as_bytes())?;
    file.keep()?;
    Ok(fields)
}

/// The request for a next step, and what it does; of a dump in a file, that file is meant.
fn step_words(step: NextStep<'_>, file: Option<&str>) -> (String, String) {
    let (text, what) = match (step, file) {
        (NextStep::Restore(_), Some(file)) => {
            (request_text("write", &[("file", file)]), "these contents onto the chip")
        }
        (NextStep::Compare(_), Some(file)) => (
            request_text("diff", &[("a", file), ("b", "chip")]),
            "what the chip on the clip holds now, against this file",
        ),
        (NextStep::Repeat, _) => (request_text("rewrite", &[("recipe", "recipe.toml")]), "repeat the job"),
        (NextStep::Finish(job), _) => (request_text("resume", &[("job", job)]), "finish the job"),
        (NextStep::Undo(job), _) => {
            (request_text("resume", &[("job", job), ("undo", "true")]), "put the backup back instead")
        }
        (NextStep::Restore(id), None) => {
            (request_text("restore", &[("backup", id)]), "these contents back onto their chip")
        }
        (NextStep::Compare(id), None) => (
            request_text("diff", &[("a", id), ("b", "chip")]),
            "what the chip on the clip holds now, against this backup",
        ),
    };
    (text, what.to_owned())
}
