package import PontoonFoundation

/// Limits on upload links and their senders.
///
/// Source: docs/api.md#upload-links.
package enum UploadLinkRules {
    /// Maximum length of a link's or sender's name in Unicode scalars.
    ///
    /// The length in bytes is limited by ``MetadataRules/maximumValueBytes``, because both names become metadata of
    /// files.
    package static let maximumNameScalars = 100
    package static let maximumNoteBytes = 4096
    package static let passwordBytes = 8...200
    /// Range of a link's limit on the number of files.
    package static let fileLimits: ClosedRange<Int64> = 1...1_000_000
    /// Range of a link's limit on the total size in bytes, up to 1 PiB.
    package static let byteLimits: ClosedRange<Int64> = 1...(1 << 50)
    /// Lifetime in seconds of a link if its creator does not choose one.
    package static let defaultLifetime: TimeInterval = 30 * 86_400
    package static let maximumLifetime: TimeInterval = 366 * 86_400
    /// Time in seconds from a link's expiry until maintenance deletes the link, which members can extend until then.
    package static let keptAfterExpiry: TimeInterval = 30 * 86_400
    package static let maximumLinksPerProject = 500
    package static let maximumLinksPerUser = 1000
    /// Maximum number of unfinished uploads of a link.
    package static let maximumOpenUploads: Int64 = 1000
    /// Maximum number of senders who are signed in with a link.
    package static let maximumSenders = 1000
    /// Maximum number of senders who may sign in with a link within a minute.
    package static let maximumSignInsPerMinute = 60
    /// Time in seconds without calls after which a sender must sign in again.
    package static let idleTime: TimeInterval = 7 * 86_400
    /// Maximum number of folders that the senders of a link may create in total.
    package static let maximumFolders: Int64 = 100_000
    /// Maximum number of folders in the path of a sender's file.
    package static let maximumDepth = 32
    /// Time in seconds from the first counted password attempt of an address until its count is deleted.
    package static let attemptWindow: TimeInterval = 15 * 60
    /// Maximum time in seconds, even on a busy server, from counting an attempt until its password has been compared
    /// with the hash.
    package static let comparisonTime: TimeInterval = 10
    /// Maximum number of password attempts from one address within ``attemptWindow``.
    package static let maximumAttemptsPerAddress: Int64 = 10
    /// Maximum number of password attempts with one link, from all addresses, within ``attemptWindow``.
    package static let maximumAttemptsPerLink: Int64 = 50

    /// The metadata keys that the server sets on files that are sent through a link.
    package enum MetadataKey {
        package static let link = "upload_link"
        package static let sender = "sender"
    }

    /// Checks the name of a link or a sender.
    ///
    /// - Throws: `.badRequest` if it is blank, has more than 100 Unicode scalars or 300 bytes in UTF-8, or contains a
    ///   control character.
    package static func check(_ field: String, name: String) throws(PontoonError) {
        guard name.unicodeScalars.count <= maximumNameScalars, name.utf8.count <= MetadataRules.maximumValueBytes,
            name.contains(where: { !$0.isWhitespace }),
            !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw PontoonError(
                .badRequest,
                """
                The field '\(field)' must not be blank or contain control characters, and must have at most \
                \(maximumNameScalars) characters and \(MetadataRules.maximumValueBytes) bytes in UTF-8.
                """
            )
        }
    }

    /// Checks the name, note and limits of a link.
    ///
    /// - Throws: `.badRequest` if one of them is invalid.
    package static func check(_ details: UploadLinkDetails) throws(PontoonError) {
        try check("name", name: details.name)
        guard details.note.utf8.count <= maximumNoteBytes else {
            throw PontoonError(.badRequest, "The field 'note' must have at most \(maximumNoteBytes) bytes in UTF-8.")
        }
        let limits = details.limits
        guard limits.files.map(fileLimits.contains) ?? true else {
            throw PontoonError(.badRequest, "The field 'max_files' must be 1 to \(fileLimits.upperBound).")
        }
        guard limits.bytes.map(byteLimits.contains) ?? true else {
            throw PontoonError(.badRequest, "The field 'max_bytes' must be 1 to \(byteLimits.upperBound).")
        }
    }

    /// Checks the expiry time of a new or changed link.
    ///
    /// - Throws: `.badRequest` if it is not in the future, or later than ``maximumLifetime`` from now.
    package static func check(expiresOn: Date, now: Date) throws(PontoonError) {
        guard expiresOn > now, expiresOn <= now.addingTimeInterval(maximumLifetime) else {
            throw PontoonError(.badRequest, "The field 'expires' must be in the future, at most 366 days from now.")
        }
    }

    /// Checks the password of a new or changed link.
    ///
    /// - Throws: `.badRequest` if its length in UTF-8 is outside ``passwordBytes``.
    package static func check(password: Secret) throws(PontoonError) {
        guard passwordBytes.contains(password.value.utf8.count) else {
            throw PontoonError(
                .badRequest,
                "The password must have \(passwordBytes.lowerBound) to \(passwordBytes.upperBound) bytes in UTF-8."
            )
        }
    }

    /// Checks the path of a sender's file, relative to the sender's folder.
    ///
    /// - Throws: `.initializeInvalid` if there are more than ``maximumDepth`` folders, or one has an invalid name.
    package static func check(path: [String]) throws(PontoonError) {
        guard path.count <= maximumDepth else {
            throw PontoonError(.initializeInvalid, "The field 'path' must have at most \(maximumDepth) elements.")
        }
        for name in path {
            if let problem = FileName.problem(with: name, kind: .folder) {
                throw PontoonError(.initializeInvalid, problem)
            }
        }
    }

    /// Returns how many more files and bytes a link accepts; `nil` means no limit.
    ///
    /// Each unfinished upload counts as a file with the declared size.
    package static func left(of limits: UploadLinkLimits, _ usage: UploadLinkUsage) -> UploadLinkLimits {
        UploadLinkLimits(
            files: limits.files.map { max(0, $0 - usage.files - usage.openUploads) },
            bytes: limits.bytes.map { max(0, $0 - usage.bytes - usage.openBytes) }
        )
    }

    /// Checks that a link accepts another file of `size` bytes and another unfinished upload.
    ///
    /// - Throws: `.limitReached` if the link does not.
    package static func checkRoom(
        for size: Int64,
        in limits: UploadLinkLimits,
        _ usage: UploadLinkUsage
    ) throws(PontoonError) {
        let left = left(of: limits, usage)
        guard left.files != 0 else { throw PontoonError(.limitReached, "This upload link accepts no more files.") }
        if let bytes = left.bytes, size > bytes {
            throw PontoonError(.limitReached, "This upload link accepts only \(bytes) more bytes.")
        }
        guard usage.openUploads < maximumOpenUploads else {
            throw PontoonError(
                .limitReached,
                "This upload link already has \(maximumOpenUploads) unfinished uploads; complete one of them first."
            )
        }
    }

    /// Returns a name to try for the folder of a new sender, such as `2026-11-27 14.03 Anna`.
    ///
    /// - Parameters:
    ///   - sender: The sender's name, in which `/` becomes `_`; `nil` if the sender gave none.
    ///   - time: The time of the sender's first upload, shown in UTC.
    ///   - attempt: Number of names that were tried before and are taken.
    /// - Returns: The name. It ends with `(2)` for attempt 1, `(3)` for attempt 2, and so on.
    package static func folderName(of sender: String?, time: Date, attempt: Int) -> String {
        let text = time.formatted(.iso8601)
        let minute = "\(text.prefix(10)) \(text.dropFirst(11).prefix(5).replacing(":", with: "."))"
        let name = sender.map { $0.replacing("/", with: "_") }
        return [minute, name, attempt > 0 ? "(\(attempt + 1))" : nil].compactMap { $0 }.joined(separator: " ")
    }
}
