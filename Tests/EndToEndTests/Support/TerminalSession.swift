import Foundation
import SystemPackage

/// A step of a ``TerminalSession``.
enum TerminalStep: Encodable, Sendable {
    /// Sets the terminal's size, which is initially 24 × 80.
    case size(rows: Int, columns: Int)
    /// Waits until a Python regular expression matches on the screen.
    case until(String)
    case send(String)
    /// Records the screen.
    case show

    private enum CodingKeys: String, CodingKey { case size, until, send, show }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .size(let rows, let columns): try fields.encode([rows, columns], forKey: .size)
        case .until(let pattern): try fields.encode(pattern, forKey: .until)
        case .send(let text): try fields.encode(text, forKey: .send)
        case .show: try fields.encode(true, forKey: .show)
        }
    }
}

/// A run of the client on an emulated terminal.
struct TerminalSession: Decodable, Sendable {
    /// The recorded screens, as lines without trailing spaces.
    let screens: [[String]]
    /// All lines after the command has exited, including those that scrolled off the screen.
    let lines: [String]
    /// Everything that the command wrote, with its escape sequences.
    let raw: String
    /// The exit code, or the negative number of the signal that terminated the command.
    let code: Int
    /// Whether the terminal echoes typed characters after the command has exited.
    let echo: Bool

    /// The elements of ``lines`` that are not empty.
    var text: [String] { lines.filter { !$0.isEmpty } }

    /// Runs `pontoon` with a user's home directory and wrapper.
    init(
        _ steps: [TerminalStep],
        _ arguments: [String],
        terminal: String = "xterm-256color",
        _ server: ServerProcess,
        _ user: PontoonUser
    ) async throws {
        try await self.init(
            steps,
            command: user.wrapper + [Places.pontoon.string] + arguments,
            terminal: terminal,
            server,
            user
        )
    }

    /// Runs any command with a user's home directory.
    init(
        _ steps: [TerminalStep],
        command: [String],
        terminal: String = "xterm-256color",
        _ server: ServerProcess,
        _ user: PontoonUser
    ) async throws {
        let steps = String(decoding: try JSONEncoder().encode(steps), as: UTF8.self)
        let environment = [
            "/usr/bin/env", "TERM=\(terminal)", "HOME=\(user.folder)", "XDG_STATE_HOME=\(user.folder)/state",
        ]
        let command = environment + command
        let output = try await runPython("screen.py", [steps] + command, server: server)
        self = try JSONDecoder().decode(TerminalSession.self, from: Data(output.utf8))
    }
}
