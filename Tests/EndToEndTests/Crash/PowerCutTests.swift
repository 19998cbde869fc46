import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Recovery of a server whose machine lost power at a random moment.
///
/// `Scripts/test` omits this suite on machines without FUSE or loop devices.
@Suite(.tags(.endToEnd, .needsRoot))
struct PowerCutTests {
    /// To run a longer or different test, set the number of rounds and the seed: `TEST_POWER_CUT_SEED=7
    /// TEST_POWER_CUT_ROUNDS=250 swift test …`.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["TEST_POWER_CUT_SEED"] ?? "") ?? 20_261_127
    /// Rounds on each file system.
    private static let rounds = Int(ProcessInfo.processInfo.environment["TEST_POWER_CUT_ROUNDS"] ?? "") ?? 10
    /// Rounds after which the server gets a new data directory, so that first starts are tested as well.
    private static let roundsPerDirectory = 5

    @Test(
        "a power cut at a random moment loses no acknowledged data and restores no deleted data",
        .timeLimit(.minutes(10 + rounds / 4)),
        arguments: VolatileDisk.FileSystem.allCases
    )
    func powerCut(_ kind: VolatileDisk.FileSystem) async throws {
        try await withVolatileDisk(kind) { disk, folder in
            var random = SeededGenerator(seed: Self.seed)
            var acknowledged = 0
            for first in stride(from: 1, through: Self.rounds, by: Self.roundsPerDirectory) {
                let rounds = first...min(first + Self.roundsPerDirectory - 1, Self.rounds)
                var options = ServerOptions(data: disk.root.appending("data"), arguments: smallParts)
                options.log = folder.appending("log")
                var known = KnownData()
                for number in rounds {
                    let what = "\(kind), seed \(Self.seed), round \(number)"
                    let (before, round, seed) = (known, CrashRound(number: number, using: &random), random.next())
                    let (after, status) = try await withServer(options) { server in
                        try await before.check(server, what)
                        return try await before.load(server, round, disk, seed: seed)
                    }
                    #expect(status == .signaled(SIGKILL), "\(what)")
                    try await disk.restorePower()
                    acknowledged += after.uploads.acknowledged
                    known = after
                }
                let last = known
                try await withServer(options) { server in
                    try await last.check(server, "\(kind), seed \(Self.seed), after round \(rounds.upperBound)")
                }
                try FileManager.default.removeItem(atPath: options.data.string)
            }
            #expect(acknowledged > Self.rounds, "too few parts were stored for this to mean anything")
        }
    }

    @Test("with durability 'os', a power cut loses an acknowledged part", .timeLimit(.minutes(10)))
    func unsynced() async throws {
        try await withVolatileDisk(.ext4) { disk, folder in
            var options = ServerOptions(data: disk.root.appending("data"), arguments: smallParts)
            options.log = folder.appending("log")
            let bytes = ByteBuffer(string: "abc")
            let (upload, _) = try await withServer(options) { server in
                try await server.api.initialize("a.bin", size: 3, partSize: 3)
            }
            options.arguments += ["--durability", "os"]
            try await withServer(options) { server in
                try await server.api.store(upload, 1, bytes)
                try await cutPower(of: server, disk, seed: nil)
            }
            try await disk.restorePower()
            try await withServer(options) { server in
                let response = try await server.api.report(upload, 1, .string(tag(of: bytes)))
                server.expectRefusal(response, 400, 8014, "a part lost in the power cut")
            }
        }
    }
}

/// The clients' view of the data in one data directory.
private struct KnownData: Sendable {
    var token: String?
    var uploads = UploadLedger()
    var tokens = TokenLedger()

    func check(_ server: ServerProcess, _ what: String) async throws {
        if let token { #expect(server.token == token, "\(what): the credentials file has changed") }
        await CrashCheck(server: server, ledger: uploads, what: what).run()
        try await tokens.check(server, what)
    }

    /// Runs clients until the power is cut: either several clients and an administrator, or only one client.
    ///
    /// - Returns: The clients' view of the data when the power was cut.
    func load(
        _ server: ServerProcess,
        _ round: CrashRound,
        _ disk: VolatileDisk,
        seed: UInt64
    ) async throws -> KnownData {
        let isQuiet = round.clients == 1
        if isQuiet { try await fillLog(of: server) }
        async let after = isQuiet ? tokens : tokens.run(server)
        let uploads = try await round.run(server) { try await cutPower(of: server, disk, seed: seed) }
        return KnownData(token: server.token, uploads: uploads, tokens: await after)
    }
}

/// Fills the database's log (WAL) until SQLite starts to overwrite it.
///
/// While the log grows, each of its syncs also commits the file system's journal, which would hide a missing sync of a
/// directory. The administrator's commands truncate the log.
private func fillLog(of server: ServerProcess) async throws {
    for number in 0..<80 {
        let text = String(repeating: "\(number % 10)", count: FieldRules.maximumDescriptionBytes)
        try await server.api.perform(.PATCH, "/projects/admin/uploads", ["description": .string(text)])
    }
}

/// Cuts the power of a server and its disk.
private func cutPower(of server: ServerProcess, _ disk: VolatileDisk, seed: UInt64?) async throws {
    // The server is suspended first, because a server without power does not report disk errors.
    server.signal(SIGSTOP)
    defer { server.signal(SIGKILL) }
    try await eventually("all threads are suspended") {
        // A thread in state D is waiting for the disk, and is suspended when its system call returns.
        try threadStates(of: server.pid).allSatisfy { "TD".contains($0) }
    }
    try await disk.cutPower(seed: seed)
}

/// Returns the states of a process's threads, as in `/proc/PID/stat`.
private func threadStates(of pid: pid_t) throws -> [Character] {
    let folder = "/proc/\(pid)/task"
    return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { thread in
        // The state follows the name, which is in parentheses. The thread may have exited.
        let status = try? String(contentsOfFile: "\(folder)/\(thread)/stat", encoding: .utf8)
        return status?.split(separator: ")").last?.first { $0 != " " }
    }
}

/// Runs `body` with a disk that loses unflushed writes in a power cut, and a folder on another disk.
private func withVolatileDisk(
    _ kind: VolatileDisk.FileSystem,
    _ body: (VolatileDisk, FilePath) async throws -> Void
) async throws {
    try #require(geteuid() == 0, "this test mounts a disk and must run as root")
    try await withTemporaryFolder { folder in
        let disk = try await VolatileDisk.create(kind)
        do {
            try await body(disk, folder)
        } catch {
            try await disk.remove()
            throw error
        }
        try await disk.remove()
    }
}
