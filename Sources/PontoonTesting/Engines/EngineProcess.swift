import Foundation
import Synchronization
import SystemPackage

/// An engine, such as a database server, run by a script in `Scripts/engines`.
///
/// The script stops the engine when the script's standard input is closed, so the engine never outlives the tests.
actor EngineProcess {
    /// Held while a process is started, because `Process.run()` can crash if several threads call it at the same time.
    private static let startLock = Mutex(())

    private let name: String
    private let script = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var unread = Data()

    /// Creates a process that has not been started.
    ///
    /// - Parameters:
    ///   - name: File name of the script.
    ///   - arguments: Arguments of the script.
    init(_ name: String, _ arguments: [String]) {
        self.name = name
        script.executableURL = URL(filePath: TestTools.engine(name).string)
        script.arguments = arguments
        script.standardInput = input
        script.standardOutput = output
        // A child process that inherits this end of the pipe would keep the script running.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }

    /// Starts the script and waits until the engine is ready.
    ///
    /// - Throws: ``AddressInUse`` if another process listens on one of the ports; ``ContractViolation`` if the engine
    ///   does not start for another reason; Foundation's error if the script cannot be started.
    func run() async throws {
        try Self.startLock.withLock { _ in try script.run() }
        try await expectReady()
    }

    /// Sends a command to the script and waits for its reply.
    ///
    /// - Throws: ``ContractViolation`` if the reply is not `reply`, or if the script exits.
    func send(_ command: String, expecting reply: String) async throws {
        try write(command)
        let line = try await line()
        guard line == reply else { throw ContractViolation("\(name) replied '\(line)' to '\(command)'") }
    }

    /// Starts the engine again after a command has stopped it, and waits until it is ready.
    func start() async throws {
        try write("start")
        try await expectReady()
    }

    /// Stops the engine permanently, without waiting for it to exit.
    func close() throws { try input.fileHandleForWriting.close() }

    private func write(_ command: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(command)\n".utf8))
    }

    private func expectReady() async throws {
        let line = try await line()
        guard !line.hasPrefix("ready") else { return }
        for message in ["Address already in use", "address already in use", "Port allocation failed"]
        where line.contains(message) {
            throw AddressInUse(description: "\(name): \(line)")
        }
        throw ContractViolation("\(name) did not start: \(line). If it is not installed, run Scripts/setup --test")
    }

    private func line() async throws -> String {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: unread[..<end], as: UTF8.self)
                unread = Data(unread[unread.index(after: end)...])
                return line
            }
            let handle = output.fileHandleForReading
            // Blocks a separate thread instead of one of Swift's cooperative threads.
            let more = await withCheckedContinuation { continuation in
                Thread { continuation.resume(returning: handle.availableData) }.start()
            }
            guard !more.isEmpty else { throw ContractViolation("Scripts/engines/\(name) exited") }
            unread += more
        }
    }
}

/// An engine that all tests of a process share.
///
/// The first call of ``running()`` starts the engine. If it does not start, every call throws the same error.
final class SharedEngine<Engine: Sendable>: Sendable {
    private let task = Mutex<Task<Engine, any Error>?>(nil)
    private let start: @Sendable () async throws -> Engine

    init(_ start: @escaping @Sendable () async throws -> Engine) { self.start = start }

    func running() async throws -> Engine {
        let task = task.withLock { task in
            let started = task ?? Task { [start] in try await start() }
            task = started
            return started
        }
        return try await task.value
    }
}
