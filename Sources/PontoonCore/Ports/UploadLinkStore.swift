package import PontoonFoundation

/// Storage of upload links and of the senders who are signed in with them.
///
/// Links' secrets and senders' tokens are stored as hashes. Links are deleted with their project, and with the user who
/// created them.
package protocol UploadLinkStore: Sendable {
    /// Adds a link.
    ///
    /// - Parameters:
    ///   - link: The link.
    ///   - secretHash: The hash of the link's secret.
    ///   - maximumOfProject: Maximum number of links of the project, including this one.
    ///   - maximumOfUser: Maximum number of links of the creator in all projects, including this one.
    /// - Throws: `.limitReached` if the project or the creator would have more links than its maximum;
    ///   `.destinationNotFound` if the folder does not exist in the project.
    func addUploadLink(
        _ link: UploadLink,
        secretHash: String,
        maximumOfProject: Int,
        maximumOfUser: Int
    ) async throws
    /// Returns a link; `nil` if it does not exist.
    func uploadLink(_ id: String) async throws -> UploadLinkSummary?
    /// Returns the link whose secret has this hash; `nil` if there is none.
    func uploadLink(withSecretHash hash: String) async throws -> UploadLinkSummary?
    /// Returns one page of the links of a project, newest first, and their total number.
    func uploadLinks(of project: ProjectID, page: Page) async throws -> Listing<UploadLinkSummary>
    /// Changes the properties of a link.
    ///
    /// - Parameters:
    ///   - id: The link.
    ///   - change: Changes the properties within the transaction, or throws to refuse the change. It must have no side
    ///     effects, because it runs again if the transaction is retried.
    /// - Returns: The link after the change; `nil` if it does not exist.
    /// - Throws: The error of `change`.
    func updateUploadLink(
        _ id: String,
        _ change: @escaping @Sendable (inout UploadLinkDetails) throws(PontoonError) -> Void
    ) async throws -> UploadLinkSummary?
    /// Deletes a link with its senders' sessions, and aborts its active uploads, whose objects are discarded. Uploads
    /// that are being completed can still become files; if a completion fails, its upload remains as an unfinished
    /// upload of the link's creator.
    ///
    /// - Returns: `false` if there is no such link.
    func deleteUploadLink(_ id: String) async throws -> Bool
    /// Returns the ids of at most `limit` links that expired before a time, earliest first.
    func uploadLinks(expiredBefore time: Date, limit: Int) async throws -> [String]

    /// Counts an attempt to enter a link's password, unless the address or the link already has its maximum number of
    /// attempts within ``UploadLinkRules/attemptWindow``.
    ///
    /// - Returns: `nil` if the attempt was counted and is allowed; otherwise the earliest time at which the next
    ///   attempt may be allowed.
    /// - Throws: `.uploadLinkNotFound` if the link no longer exists.
    func countPasswordAttempt(for link: String, from address: String, now: Date) async throws -> Date?
    /// Deletes the count of password attempts with a link from an address. Called after the correct password was
    /// entered.
    func forgetPasswordAttempts(for link: String, from address: String) async throws

    /// Signs a sender in.
    ///
    /// If `maximum` senders are signed in, first signs out a sender who has not started an upload: the one who has been
    /// idle longest.
    ///
    /// - Parameters:
    ///   - session: The new session.
    ///   - tokenHash: The hash of the sender's token.
    ///   - maximum: Maximum number of senders who may be signed in with the link, including this one.
    /// - Returns: The result. Nothing has changed unless it is `.added`.
    /// - Throws: An error if the store is unavailable.
    func addSenderSession(
        _ session: SenderSession,
        tokenHash: String,
        maximum: Int
    ) async throws -> SenderSessionResult
    /// Returns the session whose token has this hash, even if its link has expired.
    ///
    /// - Returns: The session, and whether its link is usable (``UploadLinkSummary/isUsable``); `nil` if there is no
    ///   such session, for example because its link was deleted.
    func senderSession(withTokenHash hash: String) async throws -> (session: SenderSession, isUsable: Bool)?
    /// Sets the time of a session's last call. Does nothing if the session does not exist.
    func noteUse(ofSenderSession id: String, now: Date) async throws
    /// Deletes the sessions whose last call was before `time`, and the counts of password attempts that began before
    /// `other`.
    func pruneSenderSessions(usedBefore time: Date, attemptsBefore other: Date) async throws

    /// Returns the folder for a sender's file. Creates the sender's own folder in the link's folder, and the folders of
    /// `path` inside it, unless they exist.
    ///
    /// - Parameters:
    ///   - session: The sender's session.
    ///   - path: Names of nested folders in the sender's own folder, outermost first; empty for the sender's own
    ///     folder.
    ///   - now: The current time, which becomes part of the name of the sender's own folder if it is created.
    ///   - maximumFolders: Maximum number of folders that all senders of the link together may create.
    /// - Returns: The id of the folder.
    /// - Throws: `.notAuthenticated` if the session does not exist; `.destinationNotFound` if the link's folder does
    ///   not exist; `.nameTaken` if a file has the name of a folder in `path`; `.limitReached` if a folder is missing
    ///   and the senders might exceed `maximumFolders`, if the level of a folder would exceed
    ///   ``FolderRules/maximumLevel``, or if too many folders with the sender's name were created within this minute.
    func folder(
        of session: SenderSession,
        path: [String],
        now: Date,
        maximumFolders: Int64
    ) async throws -> String
    /// Returns one page of the unfinished uploads that were started with a session, newest first, and their total
    /// number.
    func uploads(ofSenderSession id: String, page: Page) async throws -> Listing<UploadSummary>
}

/// The result of signing a sender in.
package enum SenderSessionResult: Sendable {
    case added
    /// The link does not exist.
    case noLink
    /// The maximum number of senders signed in with the link within the last minute.
    case tooMany
    /// The maximum number of senders is signed in with the link, and all of them have started uploads.
    case full
}
