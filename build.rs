//! The web parts are built before the program and carried in it. A build without them works, and says so when it
//! serves; the directory has to exist for that.

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
    if let Err(error) = std::fs::create_dir_all("web/dist") {
        println!("cargo:warning=cannot make web/dist: {error}");
    }
}
