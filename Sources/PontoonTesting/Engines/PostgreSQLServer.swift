import Foundation
import Synchronization

/// A real PostgreSQL in a process of its own.
///
/// Ends with the process that started it, however that ends: a shell watches over it and holds the other end of a pipe.
package actor PostgreSQLServer {
    /// Address on which it listens.
    package nonisolated let host = "127.0.0.1"
    /// Port on which it listens, the same after ``start()``.
    package nonisolated let port: Int
    /// The certificate that an encrypted server shows, made for ``host`` and signed by itself.
    package nonisolated let certificate: String

    private let watcher = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var unread = Data()
    private let names = Mutex(0)

    private static let shared = Mutex<Task<PostgreSQLServer, any Error>?>(nil)

    /// The server of this process, started when it is first asked for; not to be stopped.
    package static func running() async throws -> PostgreSQLServer {
        let task = shared.withLock { task in
            let started = task ?? Task { try await PostgreSQLServer().started() }
            task = started
            return started
        }
        return try await task.value
    }

    /// A server of one's own, for tests that end it; ``started()`` follows, and ``remove()`` at the end.
    /// - Parameters:
    ///   - isDurable: Whether it waits for the disk, for measurements.
    ///   - isEncrypted: Whether it has a certificate.
    /// - Throws: When there is no free port.
    package init(isDurable: Bool = false, isEncrypted: Bool = false) throws {
        port = try FreePort.find(in: 22_100...31_900)
        let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-postgresql-\(UUID().uuidString)")
        watcher.executableURL = URL(filePath: "/bin/bash")
        watcher.arguments =
            ["-c", Self.script, "postgresql", folder.path, "\(port)"]
            + [isDurable, isEncrypted].map { $0 ? "on" : "off" }
        certificate = folder.appending(path: "server.crt").path
        watcher.standardInput = input
        watcher.standardOutput = output
        // A reader of this end besides the shell would keep it alive.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }

    /// Waits until it answers.
    package func started() async throws -> PostgreSQLServer {
        try watcher.run()
        try await expect("ready")
        return self
    }

    /// Ends the server as a crash would; what was committed stays.
    package func stop() async throws {
        try tell("stop")
        try await expect("stopped")
    }

    /// Starts the server again after ``stop()``.
    package func start() async throws {
        try tell("start")
        try await expect("ready")
    }

    /// Ends the server as a crash would, and starts it again.
    package func restart() async throws {
        try await stop()
        try await start()
    }

    /// Ends the server for good and removes its data.
    package func remove() throws { try input.fileHandleForWriting.close() }

    /// Makes an empty database.
    ///
    /// - Parameter options: More of `CREATE DATABASE`, such as `ENCODING 'LATIN1'`.
    /// - Returns: Its URL, for a user who may do everything.
    /// - Throws: ``ContractViolation`` with PostgreSQL's words.
    package nonisolated func newDatabase(_ options: String = "") async throws -> String {
        let name = nextName("test")
        try await run("CREATE DATABASE \(name) \(options)")
        return url(of: name)
    }

    /// Makes an empty database that asks for a password.
    /// - Returns: Its URL, with the password.
    package nonisolated func databaseWithPassword(_ password: String) async throws -> String {
        let name = nextName("guarded")
        try await run("CREATE ROLE \(name) LOGIN PASSWORD '\(password.replacing("'", with: "''"))' IN ROLE guarded")
        try await run("CREATE DATABASE \(name) OWNER \(name)")
        let allowed = CharacterSet.alphanumerics
        let encoded = password.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        return "postgres://\(name):\(encoded)@\(host):\(port)/\(name)"
    }

    /// Removes a database, ending whoever uses it.
    package nonisolated func dropDatabase(_ url: String) async throws {
        guard let name = url.split(separator: "/").last else { return }
        try await run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }

    /// Runs one statement as a user who may do everything.
    ///
    /// - Parameters:
    ///   - sql: The statement.
    ///   - database: URL of the database; `nil` for one that is always there.
    /// - Returns: The rows, a line each, columns parted by `|`.
    /// - Throws: ``ContractViolation`` with PostgreSQL's words.
    @discardableResult
    package nonisolated func run(_ sql: String, in database: String? = nil) async throws -> String {
        let psql = Process()
        let output = Pipe()
        psql.executableURL = URL(filePath: "/usr/bin/env")
        psql.arguments = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database ?? url(of: "postgres"), "-c", sql]
        psql.standardInput = FileHandle.nullDevice
        psql.standardOutput = output
        psql.standardError = output
        try psql.run()
        // Waits on a thread of its own, not on one of Swift's few.
        let (text, status) = await withCheckedContinuation { continuation in
            Thread {
                let data = output.fileHandleForReading.readDataToEndOfFile()
                psql.waitUntilExit()
                continuation.resume(returning: (String(decoding: data, as: UTF8.self), psql.terminationStatus))
            }.start()
        }
        guard status == 0 else { throw ContractViolation("\(sql): \(text)") }
        return text.trimmingCharacters(in: .newlines)
    }

    private nonisolated func url(of database: String) -> String { "postgres://app@\(host):\(port)/\(database)" }

    private nonisolated func nextName(_ kind: String) -> String {
        let number = names.withLock { number in
            number += 1
            return number
        }
        return "\(kind)_\(number)"
    }

    private func tell(_ word: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
    }

    private func expect(_ word: String) async throws {
        let line = try await line()
        guard line == word else {
            throw ContractViolation("PostgreSQL is not \(word) (\(line)); Scripts/setup --test installs it")
        }
    }

    private func line() async throws -> String {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: unread[..<end], as: UTF8.self)
                unread = Data(unread[unread.index(after: end)...])
                return line
            }
            let handle = output.fileHandleForReading
            // Waits on a thread of its own, not on one of Swift's few.
            let more = await withCheckedContinuation { continuation in
                Thread { continuation.resume(returning: handle.availableData) }.start()
            }
            guard !more.isEmpty else { throw ContractViolation("the shell that watches over PostgreSQL ended") }
            unread += more
        }
    }

    /// Says "ready" when the server answers, obeys "stop" and "start", and ends with its input.
    ///
    /// PostgreSQL refuses to run as root, so that root becomes its user. `-QUIT` is what `pg_ctl stop -m immediate` sends.
    private static let script = """
        set -u
        dir=$1 port=$2 fsync=$3 ssl=$4
        bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
        bin=${bin:-$(dirname "$(command -v initdb)")}
        as=()
        [[ $EUID -ne 0 ]] || as=(setpriv --reuid=postgres --regid=postgres --init-groups)
        pid=
        stop() {
            if [[ -n $pid ]]; then
                kill -QUIT "$pid" 2>/dev/null
                wait "$pid" 2>/dev/null
                pid=
            fi
        }
        end() { stop; rm -rf "$dir"; }
        start() {
            "${as[@]}" "$bin/postgres" -D "$dir/data" -p "$port" -k "$dir" -c listen_addresses=127.0.0.1 \\
                -c fsync="$fsync" -c max_connections=400 -c ssl="$ssl" \\
                -c ssl_cert_file="$dir/server.crt" -c ssl_key_file="$dir/server.key" </dev/null >>"$dir/log" 2>&1 &
            pid=$!
            until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" -d postgres -U app; do
                kill -0 "$pid" 2>/dev/null || { echo "ended: $(tail -n 3 "$dir/log" | tr '\\n' ' ')"; return; }
                sleep 0.02
            done
            echo ready
        }
        trap '' INT HUP TERM
        mkdir -p "$dir"
        trap end EXIT
        [[ $EUID -ne 0 ]] || chown postgres "$dir"
        cd "$dir"
        "${as[@]}" "$bin/initdb" -D "$dir/data" -U app -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb" 2>&1 ||
            { echo "initdb failed: $(tail -n 3 "$dir/initdb" | tr '\\n' ' ')"; exit 1; }
        sed -i '1i host all +guarded 127.0.0.1/32 scram-sha-256' "$dir/data/pg_hba.conf"
        [[ $EUID -ne 0 ]] || chown postgres "$dir/data/pg_hba.conf"
        "${as[@]}" "$bin/postgres" --single -D "$dir/data" postgres >>"$dir/log" 2>&1 <<<'CREATE ROLE guarded'
        if [[ $ssl == on ]]; then
            "${as[@]}" openssl req -new -x509 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \\
                -out "$dir/server.crt" -keyout "$dir/server.key" 2>>"$dir/log"
        fi
        start
        while read -r word; do
            case $word in
            stop) stop; echo stopped ;;
            start) start ;;
            esac
        done
        """
}
