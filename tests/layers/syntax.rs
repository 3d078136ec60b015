//! The product's sources as the walls see them: parsed, followed from `lib.rs` module by module, without what is
//! compiled for tests only.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};

/// What one file names and does.
#[derive(Default)]
pub struct Source {
    /// Below `src`, with `/`.
    pub file: String,
    /// The paths that it names: from `crate` on, or from the name of another crate. `super`, `self` and the names that a
    /// `use` brings are resolved.
    pub paths: BTreeSet<String>,
    /// The macros that it calls, without path.
    pub macros: BTreeSet<String>,
    /// Its module's path: `flash::parts`.
    pub name: String,
    /// The types that it defines itself, at its top.
    pub types: BTreeSet<String>,
    /// What it re-exports for everyone, by the last name.
    pub shown: BTreeSet<String>,
    /// Its texts in quotes, without documentation.
    pub texts: Vec<String>,
    /// Whether it has an unsafe block, function, trait, implementation or extern.
    pub has_unsafe: bool,
    /// Whether it defines anything itself, beyond modules and re-exports.
    pub defines: bool,
    /// Whether what is compiled for tests only is read too.
    tests_too: bool,
    /// The module that is being read.
    module: Vec<String>,
    /// What a `use` brings, by its name here.
    brought: BTreeMap<String, String>,
    /// Files of modules that it declares.
    declared: Vec<(Vec<String>, PathBuf)>,
    /// Where the files of its modules are.
    folder: PathBuf,
}

/// The folder of the sources.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file of the library, in the order of its module declarations.
pub fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| read_all(false))
}

/// Every file that the library or its unit tests declare as a module.
pub fn files() -> BTreeSet<String> {
    read_all(true).into_iter().map(|source| source.file).collect()
}

fn read_all(tests_too: bool) -> Vec<Source> {
    let root = root();
    let mut open = vec![(Vec::new(), root.join("lib.rs"))];
    let mut read = Vec::new();
    while let Some((module, path)) = open.pop() {
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        let folder = match path.file_name().and_then(|n| n.to_str()) {
            Some("mod.rs" | "lib.rs") => path.parent().expect("a folder").to_owned(),
            _ => path.with_extension(""),
        };
        let source = Source { file: name, module, folder, tests_too, ..Source::default() }.read(&text);
        open.extend(source.declared.iter().cloned());
        read.push(source);
    }
    assert!(read.len() > 100, "the sources were not found");
    read
}

/// What a text names that is the file of this module.
pub fn of_text(module: &[&str], text: &str) -> Source {
    Source { module: module.iter().map(|m| (*m).to_owned()).collect(), ..Source::default() }.read(text)
}

impl Source {
    fn read(mut self, text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{}: {e}", self.file));
        self.defines = file.items.iter().any(|item| {
            !matches!(item, syn::Item::Mod(_) | syn::Item::Use(_)) && !for_tests_only(attributes(item))
        });
        self.name = self.module.join("::");
        for item in file.items.iter().filter(|item| !for_tests_only(attributes(item))) {
            match item {
                syn::Item::Struct(i) => drop(self.types.insert(i.ident.to_string())),
                syn::Item::Enum(i) => drop(self.types.insert(i.ident.to_string())),
                syn::Item::Union(i) => drop(self.types.insert(i.ident.to_string())),
                syn::Item::Trait(i) => drop(self.types.insert(i.ident.to_string())),
                syn::Item::Type(i) => drop(self.types.insert(i.ident.to_string())),
                syn::Item::Use(i) if matches!(i.vis, syn::Visibility::Public(_)) => self.show(&i.tree),
                _ => {}
            }
        }
        self.visit_file(&file);
        self.paths = self.paths.iter().map(|path| self.resolved(path)).collect();
        self
    }

    /// The last names of a `pub use`.
    fn show(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.show(&path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.show(tree)),
            syn::UseTree::Name(name) => drop(self.shown.insert(name.ident.to_string())),
            syn::UseTree::Rename(name) => drop(self.shown.insert(name.rename.to_string())),
            syn::UseTree::Glob(_) => {}
        }
    }

    /// A path whose first name a `use` brings, from where that is.
    fn resolved(&self, path: &str) -> String {
        match path.split_once("::") {
            Some((first, rest)) if self.brought.contains_key(first) => {
                format!("{}::{rest}", self.brought[first])
            }
            _ => path.to_owned(),
        }
    }

    /// Records a path of more than one name.
    fn name(&mut self, segments: &[String]) {
        if let Some(path) = self.absolute(segments).filter(|path| path.contains("::")) {
            self.paths.insert(path);
        }
    }

    /// A path from `crate` on, or from the name that it begins with.
    fn absolute(&self, segments: &[String]) -> Option<String> {
        let mut at = self.module.clone();
        let mut rest = segments;
        let inside = matches!(rest.first().map(String::as_str), Some("crate" | "self" | "super"));
        while let Some((first, more)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                _ => break,
            }
            rest = more;
        }
        match (inside, rest.is_empty()) {
            (true, true) => return None,
            (true, false) => at.insert(0, "crate".to_owned()),
            (false, _) => at.clear(),
        }
        at.extend_from_slice(rest);
        Some(at.join("::"))
    }

    fn use_tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| match name.to_string() {
            itself if itself == "self" && !prefix.is_empty() => prefix.to_vec(),
            name => [prefix, &[name]].concat(),
        };
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(prefix, tree)),
            syn::UseTree::Name(name) => self.bring(&with(&name.ident), None),
            syn::UseTree::Rename(name) => self.bring(&with(&name.ident), Some(name.rename.to_string())),
            _ => self.name(prefix),
        }
    }

    fn bring(&mut self, segments: &[String], name: Option<String>) {
        self.name(segments);
        let name = name.or_else(|| segments.last().cloned());
        if let (Some(name), Some(path)) = (name, self.absolute(segments)) {
            self.brought.insert(name, path);
        }
    }

    /// Paths, macro calls and `unsafe` in the tokens of a macro or an attribute, which may be no Rust. `prefix` is the path
    /// before a group: `crate::{a, b}`.
    fn tokens(&mut self, prefix: &[String], tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let punct =
            |at: usize, c: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == c);
        let mut at = 0;
        while at < tokens.len() {
            let TokenTree::Ident(first) = &tokens[at] else {
                match &tokens[at] {
                    TokenTree::Group(group) => self.tokens(&[], group.stream()),
                    TokenTree::Literal(text) => {
                        if let Ok(syn::Lit::Str(text)) = syn::parse_str(&text.to_string()) {
                            self.texts.push(text.value());
                        }
                    }
                    _ => {}
                }
                at += 1;
                continue;
            };
            self.has_unsafe |= first == "unsafe";
            let mut path = prefix.to_vec();
            path.push(first.to_string());
            at += 1;
            let mut is_group = false;
            while punct(at, ':') && punct(at + 1, ':') && !is_group {
                match tokens.get(at + 2) {
                    Some(TokenTree::Ident(next)) => path.push(next.to_string()),
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                        self.tokens(&path, group.stream());
                        is_group = true;
                    }
                    _ => break,
                }
                at += 3;
            }
            if punct(at, '!') && !punct(at + 1, '=') {
                self.macros.extend(path.last().cloned());
            }
            if !is_group {
                self.name(&path);
            }
        }
    }
}

/// Whether what has these attributes is compiled for tests only.
fn for_tests_only(attributes: &[syn::Attribute]) -> bool {
    fn needs_test(meta: &syn::Meta) -> bool {
        let inner = |list: &syn::MetaList| {
            list.parse_args_with(Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated)
                .unwrap_or_default()
        };
        match meta {
            syn::Meta::Path(path) => path.is_ident("test"),
            syn::Meta::List(list) if list.path.is_ident("all") => inner(list).iter().any(needs_test),
            syn::Meta::List(list) if list.path.is_ident("any") => inner(list).iter().all(needs_test),
            _ => false,
        }
    }
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Meta>().is_ok_and(|meta| needs_test(&meta))
    })
}

/// The file of `#[path = "FILE"]`.
fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(syn::MetaNameValue {
            path,
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(file), .. }),
            ..
        }) if path.is_ident("path") => Some(file.value()),
        _ => None,
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    use syn::Item as I;
    match item {
        I::Const(i) => &i.attrs,
        I::Enum(i) => &i.attrs,
        I::ExternCrate(i) => &i.attrs,
        I::Fn(i) => &i.attrs,
        I::ForeignMod(i) => &i.attrs,
        I::Impl(i) => &i.attrs,
        I::Macro(i) => &i.attrs,
        I::Mod(i) => &i.attrs,
        I::Static(i) => &i.attrs,
        I::Struct(i) => &i.attrs,
        I::Trait(i) => &i.attrs,
        I::TraitAlias(i) => &i.attrs,
        I::Type(i) => &i.attrs,
        I::Union(i) => &i.attrs,
        I::Use(i) => &i.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if self.tests_too || !for_tests_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Const(i) => &i.attrs[..],
            syn::ImplItem::Fn(i) => &i.attrs,
            syn::ImplItem::Type(i) => &i.attrs,
            syn::ImplItem::Macro(i) => &i.attrs,
            _ => &[],
        };
        if self.tests_too || !for_tests_only(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        self.module.push(name.clone());
        if module.content.is_none() {
            let file = match path_attribute(&module.attrs) {
                Some(file) => self.folder.join(file),
                None => self.folder.join(format!("{name}.rs")),
            };
            let file = if file.is_file() { file } else { self.folder.join(&name).join("mod.rs") };
            self.declared.push((self.module.clone(), file));
        }
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if !attribute.path().is_ident("doc") {
            visit::visit_attribute(self, attribute);
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.texts.push(text.value());
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.name(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macros.extend(call.path.segments.last().map(|s| s.ident.to_string()));
        self.tokens(&[], call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(&[], list.tokens.clone());
        visit::visit_meta_list(self, list);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.has_unsafe = true;
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.has_unsafe |= matches!(signature.safety, syn::Safety::Unsafe(_));
        visit::visit_signature(self, signature);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.has_unsafe |= item.unsafety.is_some();
        visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.has_unsafe |= item.unsafety.is_some();
        visit::visit_item_trait(self, item);
    }

    fn visit_item_foreign_mod(&mut self, item: &'ast syn::ItemForeignMod) {
        self.has_unsafe = true;
        visit::visit_item_foreign_mod(self, item);
    }
}
