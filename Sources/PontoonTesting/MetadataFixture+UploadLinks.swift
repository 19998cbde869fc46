package import Foundation
package import PontoonCore

extension UploadLinkStore {
    /// Adds an upload link, without a limit on the number of links.
    package func addUploadLink(_ link: UploadLink, secretHash: String) async throws {
        try await addUploadLink(link, secretHash: secretHash, maximumOfProject: .max, maximumOfUser: .max)
    }

    /// Finds or creates the folder for a sender's file, without a limit on the number of folders, and returns its id.
    package func folder(of session: SenderSession, path: [String], now: Date) async throws -> String {
        try await folder(of: session, path: path, now: now, maximumFolders: .max)
    }

    /// Adds a sender's session, without a limit on the number of sessions.
    package func addSenderSession(
        _ session: SenderSession,
        tokenHash: String
    ) async throws -> SenderSessionResult {
        try await addSenderSession(session, tokenHash: tokenHash, maximum: .max)
    }
}

extension MetadataFixture {
    /// Creates an upload link without storing it.
    package func link(
        in folder: String? = nil,
        createdBy creator: String? = nil,
        createdOn: Date = Self.time,
        limits: UploadLinkLimits = UploadLinkLimits()
    ) -> UploadLink {
        UploadLink(
            id: Identifiers.hex(bytes: 12),
            project: project.id,
            folder: folder ?? root,
            createdBy: creator ?? user.name,
            createdOn: createdOn,
            details: UploadLinkDetails(
                name: "Link",
                note: "",
                expiresOn: Self.time.addingTimeInterval(3600),
                limits: limits
            )
        )
    }

    /// Creates a sender's session without storing it.
    package func session(of link: UploadLink, sender: String? = nil, createdOn: Date = Self.time) -> SenderSession {
        SenderSession(
            id: Identifiers.hex(bytes: 12),
            link: link,
            sender: sender,
            createdOn: createdOn,
            usedOn: createdOn
        )
    }

    /// Stores a link and a sender's session.
    ///
    /// The hash of the link's secret is the link's id, and the hash of the session's token is the session's id.
    package func addLink(
        to store: some MetadataStore,
        in folder: String? = nil,
        limits: UploadLinkLimits = UploadLinkLimits()
    ) async throws -> (UploadLink, SenderSession) {
        let link = link(in: folder, limits: limits)
        try await store.addUploadLink(link, secretHash: link.id)
        let session = session(of: link)
        guard case .added = try await store.addSenderSession(session, tokenHash: session.id) else {
            throw ContractViolation("a new sender signs in")
        }
        return (link, session)
    }
}
