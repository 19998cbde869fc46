import Foundation
import PontoonCore
package import SystemPackage

/// The file with the first user's token, in the format of `~/.sevenbridges/credentials`.
package struct BootstrapCredentialsFile: Sendable {
    package let path: FilePath

    package init(in directory: FilePath) { path = directory.appending("credentials") }

    package var exists: Bool { FileManager.default.fileExists(atPath: path.string) }

    /// Writes the file atomically, readable by its owner only.
    func write(endpoint: String, token: Secret) throws {
        try replace("[default]\napi_endpoint = \(endpoint)\nauth_token = \(token.value)\n")
    }

    /// Replaces the endpoint in the file and keeps all other lines, which the owner may have changed.
    ///
    /// Does nothing if the file does not exist.
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
