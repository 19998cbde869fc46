package import Foundation
package import PontoonCore

/// The use cases that the server calls; made once by who composes the program.
package struct UseCases: Sendable {
    /// Who a caller is.
    package let accounts: Accounts
    /// Projects.
    package let projects: Projects
    /// Files and folders.
    package let files: Files
    /// Uploads.
    package let uploads: Uploads
    /// Automations and their code packages.
    package let automations: Automations
    /// Parts and downloads, when the bytes pass through this server; `nil` leaves the data plane out.
    package let dataPlane: DataPlane?
    /// Whether this server can do its work.
    package let readiness: Readiness
    /// The time.
    package let now: @Sendable () -> Date

    /// What the data plane needs.
    package struct DataPlane: Sendable {
        let parts: Parts
        let objects: any StreamingObjectStore
        let metadata: any MetadataStore

        /// Joins the fields.
        package init(parts: Parts, objects: any StreamingObjectStore, metadata: any MetadataStore) {
            self.parts = parts
            self.objects = objects
            self.metadata = metadata
        }
    }

    /// Joins the fields.
    package init(
        accounts: Accounts,
        projects: Projects,
        files: Files,
        uploads: Uploads,
        automations: Automations,
        dataPlane: DataPlane?,
        readiness: Readiness,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.accounts = accounts
        self.projects = projects
        self.files = files
        self.uploads = uploads
        self.automations = automations
        self.dataPlane = dataPlane
        self.readiness = readiness
        self.now = now
    }
}
