import Foundation
package import PontoonCore
package import SystemPackage

/// The folder that holds everything: the database, the objects and the first user's credentials.
package enum DataFolder {
    /// Makes the folder, for its owner only, with those above it.
    ///
    /// - Throws: ``SettingError`` when it cannot be made, or exists and cannot be written.
    package static func make(_ folder: FilePath) throws {
        do {
            try create(folder)
        } catch let error as Errno {
            throw SettingError(.data, "the folder '\(folder)' cannot be made: \(error)")
        }
        guard access("\(folder)/.", R_OK | W_OK | X_OK) == 0 else {
            throw SettingError(.data, "the folder '\(folder)' cannot be written: \(Errno(rawValue: errno))")
        }
    }

    /// Holds the folder against other processes until the file is closed.
    ///
    /// - Throws: ``SettingError`` when another process has it.
    package static func lock(_ folder: FilePath) throws -> FileDescriptor {
        let file = try FileDescriptor.open(
            folder.appending("lock"),
            .readWrite,
            options: [.create, .closeOnExec],
            permissions: .ownerReadWrite
        )
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            try file.close()
            throw SettingError(.data, "another process uses the folder '\(folder)'")
        }
        return file
    }

    /// A random name of the folder, which stays with it; made when it has none.
    package static func identity(_ folder: FilePath) throws -> String {
        let path = folder.appending("id").string
        if let text = FileManager.default.contents(atPath: path) { return String(decoding: text, as: UTF8.self) }
        let identity = Identifiers.hex(bytes: 8)
        try Data(identity.utf8).write(to: URL(filePath: path), options: .atomic)
        return identity
    }

    private static func create(_ folder: FilePath) throws {
        let parent = folder.removingLastComponent()
        guard mkdir(folder.string, 0o700) != 0 else { return }
        switch Errno(rawValue: errno) {
        case .fileExists: return
        case .noSuchFileOrDirectory where !parent.isEmpty:
            try create(parent)
            guard mkdir(folder.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        case let error: throw error
        }
    }
}

/// The first user's token, in the file format that the platform's clients read (`~/.sevenbridges/credentials`).
package struct BootstrapCredentialsFile {
    package let path: FilePath

    package init(in folder: FilePath) { path = folder.appending("credentials") }

    /// Whether the first start was on this folder.
    package var exists: Bool { FileManager.default.fileExists(atPath: path.string) }

    /// Writes the file, readable by its owner only, in one step.
    package func write(endpoint: String, token: Secret) throws {
        try replace("[default]\napi_endpoint = \(endpoint)\nauth_token = \(token.value)\n")
    }

    /// Puts the address of this start into an existing file, whose owner may have changed other lines.
    package func update(endpoint: String) throws {
        guard let data = FileManager.default.contents(atPath: path.string) else { return }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let updated = lines.map { $0.hasPrefix("api_endpoint") ? "api_endpoint = \(endpoint)" : String($0) }
        let text = updated.joined(separator: "\n")
        if Data(text.utf8) != data { try replace(text) }
    }

    private func replace(_ text: String) throws {
        let draft = FilePath(path.string + ".new")
        let file = try FileDescriptor.open(
            draft,
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        try file.closeAfter { _ = try file.writeAll(text.utf8) }
        guard rename(draft.string, path.string) == 0 else { throw Errno(rawValue: errno) }
    }
}
