import Dispatch
import ArgumentParser
import PontoonFoundation
import PontoonClient

extension CompletionKind {
    /// Completes the name of a profile.
    static var profile: CompletionKind {
        .custom { (_: [String], _: Int, _: String) -> [String] in Completions.profiles() }
    }

    /// Completes the id of a project.
    static var project: CompletionKind {
        .custom { (words: [String], _: Int, _: String) async -> [String] in
            await Completions(words).find { try await Completions.projects($0) }
        }
    }

    /// Completes the path of a file or folder on the server.
    static var remotePath: CompletionKind {
        .custom { (words: [String], _: Int, prefix: String) async -> [String] in
            let completions = Completions(words)
            return await completions.find { try await completions.paths($0, prefix) }
        }
    }
}

/// Completions of a command line, most of which are requested from the server.
///
/// Errors are ignored, because a message would appear in the middle of the command that the user is typing.
struct Completions: Sendable {
    /// Time in seconds after which the process exits without printing completions.
    ///
    /// The default is 2. The environment variable `PONTOON_COMPLETION_TIMEOUT` sets another number from 1 to 600.
    private static let timeLimit: Int = {
        let given = ProcessInfo.processInfo.environment["PONTOON_COMPLETION_TIMEOUT"].flatMap { Int($0) } ?? 0
        return (1...600).contains(given) ? given : 2
    }()
    /// Number of projects, or of entries of a folder, after which no further page is requested.
    private static let maximumEntries = 1000

    /// The words of the command line to complete.
    private let words: [String]

    init(_ words: [String]) { self.words = words }

    /// Returns the names of the profiles in the credentials file.
    ///
    /// Leaves out names with characters that are special to a shell.
    static func profiles() -> [String] {
        let text = (try? CommonOptions.credentialsText()) ?? ""
        return CredentialsFile(text).profiles.keys.sorted().filter(isSafe)
    }

    /// Returns the completions that `body` finds, except those with characters that are special to a shell.
    ///
    /// Returns no completions if an error occurs. Exits the process after the time limit.
    func find(_ body: @Sendable (SevenBridgesClient) async throws -> [String]) async -> [String] {
        // Exit the process, because a call may not respond to cancellation.
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Self.timeLimit)) { Terminal.exit(0) }
        do {
            var arguments = ["--retries", "1", "--timeout", "\(Self.timeLimit)"]
            for name in ["--profile", "--endpoint", "--ca-file"] {
                if let value = value(of: name) { arguments += [name, value] }
            }
            return try await CommonOptions.parse(arguments).withClient(body).filter(Self.isSafe)
        } catch {
            return []
        }
    }

    /// Returns the ids of the user's projects.
    static func projects(_ client: SevenBridgesClient) async throws -> [String] {
        try await entries { try await client.projects(offset: $0) }.map(\.id)
    }

    /// Returns the paths of projects, files and folders on the server that begin with `prefix`.
    func paths(_ client: SevenBridgesClient, _ prefix: String) async throws -> [String] {
        // With --project, the paths of 'pontoon download' are relative to the project.
        let root = value(of: "--project").map { "\($0)/" } ?? ""
        let names = (root + prefix).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let all =
            names.count > 2
            ? try await Self.children(of: names.dropLast().joined(separator: "/"), client)
            : try await Self.projects(client).map { "\($0)/" }
        var found = all.filter { $0.hasPrefix(root + prefix) }
        if found.count == 1, found[0].hasSuffix("/") {
            // A shell would append a space to a single completion, and thus end the path.
            found += try await Self.children(of: found[0], client)
        }
        return found.map { String($0.dropFirst(root.count)) }
    }

    /// Returns the paths of the files and folders in a folder, with a slash at the end of each folder's path.
    private static func children(of folder: String, _ client: SevenBridgesClient) async throws -> [String] {
        let path = try RemotePath(folder)
        let place = try await client.place(path)
        return try await entries { try await client.files(in: place, offset: $0) }
            .map { "\(path)/\($0.name)" + ($0.isFolder ? "/" : "") }
    }

    private static func entries<Item: Decodable & Sendable>(
        _ page: (Int) async throws -> ResultPage<Item>
    ) async throws -> [Item] {
        var entries: [Item] = []
        while entries.count < maximumEntries {
            let next = try await page(entries.count)
            entries += next.items
            guard next.hasNext, !next.items.isEmpty else { break }
        }
        return entries
    }

    /// Returns the value of an option on the command line; `nil` if it is not given.
    private func value(of option: String) -> String? {
        if let index = words.firstIndex(of: option) { return words[(index + 1)...].first }
        return words.first { $0.hasPrefix("\(option)=") }.map { String($0.dropFirst(option.count + 1)) }
    }

    /// Returns whether a name contains no character that a shell interprets.
    ///
    /// Other people may have chosen the name. In the completion script for bash, the shell expands the completions, and
    /// would execute a command in a name.
    private static func isSafe(_ name: String) -> Bool {
        // Check each scalar, because a letter and the combining mark after it form a single character.
        name.unicodeScalars.allSatisfy { scalar in
            let properties = scalar.properties
            return properties.isAlphabetic || properties.numericType != nil || "-_.,+/".unicodeScalars.contains(scalar)
        }
    }
}
