import Foundation
import Glibc
import SystemPackage
package import PontoonCore
import Synchronization

/// A real S3 server in a process of its own, with one bucket.
///
/// Ends with the process that started it, however that ends: a shell watches over it and holds the other end of a pipe.
package actor SeaweedFSServer {
    /// Where it listens.
    package nonisolated let endpoint: String
    /// Port of ``endpoint``.
    package nonisolated let port: Int
    /// Port of a part of it that speaks HTTP and not S3.
    package nonisolated let masterPort: Int
    /// Name of its bucket.
    package nonisolated let bucket = "uploads"
    /// The one access key that it knows.
    package nonisolated let accessKeyID = "AKPONTOONTESTS"
    /// Its secret, with the characters that are easily encoded wrongly.
    package nonisolated let secretAccessKey = Secret("sk/with+signs=")

    private let watcher = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var unread = Data()

    private static let shared = Mutex<Task<SeaweedFSServer, any Error>?>(nil)

    /// The server of this process, started when it is first asked for.
    package static func running() async throws -> SeaweedFSServer {
        let task = shared.withLock { task in
            let started = task ?? Task { try await SeaweedFSServer().started() }
            task = started
            return started
        }
        return try await task.value
    }

    /// A server of one's own, for tests that end it; ``started()`` follows.
    package init() throws {
        let ports = try Self.freePorts(5)
        (port, masterPort) = (ports[0], ports[1])
        endpoint = "http://127.0.0.1:\(ports[0])"
        let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-seaweedfs-\(UUID().uuidString)")
        watcher.executableURL = URL(filePath: "/bin/bash")
        watcher.arguments =
            ["-c", Self.script, "seaweedfs", TestTools.weed.string, folder.path, accessKeyID, secretAccessKey.value]
            + [bucket] + ports.map(String.init)
        watcher.standardInput = input
        watcher.standardOutput = output
        // Settings of other S3 programs do not concern it.
        watcher.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("AWS_") }
    }

    /// Waits until the bucket answers.
    package func started() async throws -> SeaweedFSServer {
        try watcher.run()
        try await expectReady()
        return self
    }

    /// Ends the server as a power cut would; its data stay.
    package func kill() async throws {
        try tell("kill")
        try expect(try await line() == "killed", "SeaweedFS ends when it is killed")
    }

    /// Starts the server again after ``kill()``.
    package func start() async throws {
        try tell("start")
        try await expectReady()
    }

    /// Ends the server for good and removes its data.
    package func stop() throws { try input.fileHandleForWriting.close() }

    private func tell(_ word: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
    }

    private func expectReady() async throws {
        let line = try await line()
        try expect(line.hasPrefix("ready "), "SeaweedFS starts (\(line)); Scripts/setup --test installs it")
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
            guard !more.isEmpty else { throw ContractViolation("the shell that watches over SeaweedFS ended") }
            unread += more
        }
    }

    /// Ports that are free together with those 10,000 above, which SeaweedFS opens too; below those that the system gives
    /// to outgoing connections.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var ports: [Int] = []
        for _ in 0..<10_000 {
            let port = Int.random(in: 10_100...22_000)
            if !ports.contains(port), isFree(port), isFree(port + 10_000) { ports.append(port) }
            if ports.count == count { return ports }
        }
        throw ContractViolation("there are no free ports for SeaweedFS")
    }

    private static func isFree(_ port: Int) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// Says "ready" and the process id when the bucket answers, obeys "kill" and "start", and ends with its input.
    ///
    /// All is passed as arguments: SeaweedFS takes environment variables such as `S3` for its flags. Its telemetry is on
    /// unless it is switched off.
    private static let script = """
        set -u
        weed=$1 dir=$2 key=$3 secret=$4 bucket=$5 s3=$6 master=$7 volume=$8 filer=$9 admin=${10}
        end() { kill -9 "$pid" 2>/dev/null; rm -rf "$dir" "$dir.log"; }
        start() {
            # After a kill the system may keep the ports for a moment.
            for attempt in {1..20}; do
                try && return
                grep -q "Port allocation failed" <<<"$said" || break
            done
            echo "ended: $said"
        }
        try() {
            AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret S3_BUCKET=$bucket \\
                "$weed" -logtostderr=true mini -dir="$dir" -ip=127.0.0.1 -ip.bind=127.0.0.1 \\
                -master.port="$master" -master.telemetry=false -volume.port="$volume" -filer.port="$filer" \\
                -s3.port="$s3" -s3.port.iceberg=0 -s3.port.lance=0 -s3.autoCreateBucket=false -webdav=false \\
                -admin.ui=false -admin.port="$admin" </dev/null >>"$dir.log" 2>&1 &
            pid=$!
            until curl -sf -o /dev/null -I --aws-sigv4 aws:amz:us-east-1:s3 -u "$key:$secret" \\
                "http://127.0.0.1:$s3/$bucket"; do
                kill -0 "$pid" 2>/dev/null || { said=$(tail -n 3 "$dir.log" | tr '\\n' ' '); return 1; }
                sleep 0.05
            done
            echo "ready $pid"
        }
        trap '' INT HUP TERM
        mkdir -p "$dir"
        trap end EXIT
        start
        while read -r word; do
            case $word in
            kill) kill -9 "$pid"; wait "$pid" 2>/dev/null; echo killed ;;
            start) start ;;
            esac
        done
        """
}
