package import Foundation
package import PontoonCore

/// The use cases that the server calls.
package struct UseCases: Sendable {
    package let accounts: Accounts
    package let projects: Projects
    package let files: Files
    package let jobs: FileJobs
    package let downloads: Downloads
    package let folderArchives: FolderArchives
    package let dataObjects: DataObjects
    package let uploads: Uploads
    package let uploadLinks: UploadLinks
    package let senders: SenderSessions
    package let automations: Automations
    package let usage: UsageReports
    package let events: Events
    package let webhooks: Webhooks
    package let forecasts: Forecasts
    package let dataPlane: DataPlane
    package let readiness: Readiness
    /// Returns the current time.
    package let now: @Sendable () -> Date

    /// The server with which clients exchange the bytes of parts and files.
    package enum DataPlane: Sendable {
        /// This server, at signed URLs.
        case own(Parts, DataPlaneURLs)
        /// The server of the object store, at presigned URLs with this origin.
        case external(origin: String)

        /// The origin of the object store's server; `nil` if clients exchange bytes with this server.
        var externalOrigin: String? {
            if case .external(let origin) = self { origin } else { nil }
        }
    }

    package init(
        accounts: Accounts,
        projects: Projects,
        files: Files,
        jobs: FileJobs,
        downloads: Downloads,
        folderArchives: FolderArchives,
        dataObjects: DataObjects,
        uploads: Uploads,
        uploadLinks: UploadLinks,
        senders: SenderSessions,
        automations: Automations,
        usage: UsageReports,
        events: Events,
        webhooks: Webhooks,
        forecasts: Forecasts,
        dataPlane: DataPlane,
        readiness: Readiness,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.accounts = accounts
        self.projects = projects
        self.files = files
        self.jobs = jobs
        self.downloads = downloads
        self.folderArchives = folderArchives
        self.dataObjects = dataObjects
        self.uploads = uploads
        self.uploadLinks = uploadLinks
        self.senders = senders
        self.automations = automations
        self.usage = usage
        self.events = events
        self.webhooks = webhooks
        self.forecasts = forecasts
        self.dataPlane = dataPlane
        self.readiness = readiness
        self.now = now
    }
}
