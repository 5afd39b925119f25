//! Debian's Apache with the site configuration of `examples/`, serving one repository.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::World;

/// A web server that ends with the test.
pub struct Apache {
    process: Child,
    port: u16,
}

const CONFIG: &str = "\
ServerRoot DIR/apache
DefaultRuntimeDir DIR/apache
PidFile DIR/apache/pid
ErrorLog DIR/apache/error.log
CustomLog DIR/apache/access.log %r
ServerName localhost
Listen 127.0.0.1:PORT
User USER
Group USER
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
";

impl Apache {
    /// Serves the directory `srv` of a world.
    pub fn start(world: &World) -> Apache {
        std::fs::create_dir_all(world.path("apache")).unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let dir = world
            .path("")
            .to_str()
            .unwrap()
            .trim_end_matches('/')
            .to_owned();
        let site = include_str!("../../examples/apache/ostree.conf");
        let site = site
            .replace("/srv/ostree", "DIR/srv")
            .replace("*:80", "127.0.0.1:PORT");
        let config = format!("{CONFIG}{site}")
            .replace("DIR", &dir)
            .replace("PORT", &port.to_string());
        // Only root may become somebody else; everybody else already is.
        let config = match crate::world::is_root() {
            true => config.replace("USER", "www-data"),
            false => config
                .lines()
                .filter(|line| !line.ends_with(" USER"))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        std::fs::write(world.path("apache/conf"), config).unwrap();
        let mut command = Command::new("/usr/sbin/apache2");
        command
            .arg("-X")
            .arg("-f")
            .arg(world.path("apache/conf"))
            .stderr(Stdio::inherit());
        let apache = Apache {
            process: command.spawn().unwrap(),
            port,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "Apache does not answer"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        apache
    }

    /// Returns the address of something served.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Asks for a path, and returns the whole answer.
    pub fn get(&self, path: &str) -> String {
        String::from_utf8_lossy(&self.answer(path)).into_owned()
    }

    /// Asks for a path, and returns what is there.
    pub fn body(&self, path: &str) -> Vec<u8> {
        let answer = self.answer(path);
        let blank = b"\r\n\r\n";
        let end = answer.windows(blank.len()).position(|it| it == blank);
        answer[end.unwrap() + blank.len()..].to_vec()
    }

    fn answer(&self, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET /{path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
