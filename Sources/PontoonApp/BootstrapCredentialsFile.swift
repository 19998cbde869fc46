import Foundation
import PontoonCore
package import SystemPackage

/// The file with the first user's token, in the format of `~/.sevenbridges/credentials`.
package struct BootstrapCredentialsFile: Sendable {
    package let path: FilePath

    package init(in directory: FilePath) { path = directory.appending("credentials") }

    package var exists: Bool { FileManager.default.fileExists(atPath: path.string) }

    /// Whether the file can be read but contains no token.
    ///
    /// A power cut could cause this with older versions of the server, which did not sync the file.
    package var isDamaged: Bool {
        guard let data = FileManager.default.contents(atPath: path.string) else { return false }
        return !String(decoding: data, as: UTF8.self).contains("auth_token")
    }

    /// Writes the file atomically and durably, readable by its owner only.
    ///
    /// - Throws: `Errno`.
    func write(endpoint: String, token: Secret) throws {
        try DurableFile.replace(
            path,
            with: "[default]\napi_endpoint = \(endpoint)\nauth_token = \(token.value)\n"
        )
    }

    /// Replaces the endpoint of the default profile atomically, without changing any other line.
    ///
    /// Does nothing if the file does not exist or cannot be read.
    ///
    /// - Throws: `Errno` if the file cannot be written.
    package func update(endpoint: String) throws {
        guard let data = FileManager.default.contents(atPath: path.string) else { return }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        var isInDefaultProfile = true
        let updated = lines.map { line in
            if line.hasPrefix("[") { isInDefaultProfile = line.hasPrefix("[default]") }
            return isInDefaultProfile && line.hasPrefix("api_endpoint") ? "api_endpoint = \(endpoint)" : String(line)
        }
        let text = updated.joined(separator: "\n")
        if Data(text.utf8) != data { try DurableFile.replace(path, with: text) }
    }
}
