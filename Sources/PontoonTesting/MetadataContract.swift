package import PontoonCore

/// A rule that every ``MetadataStore`` must satisfy.
package protocol MetadataRule: Sendable {
    /// Checks the rule.
    ///
    /// - Parameter store: An empty store.
    /// - Throws: ``ContractViolation`` if the store breaks the rule.
    func check(_ store: some MetadataStore) async throws
}

/// The contract of ``MetadataStore``, whose rules every implementation must satisfy.
package enum MetadataContract {
    package static let rules: [any MetadataRule] = contracts.flatMap { $0 }

    private static let contracts: [[any MetadataRule]] = [
        IdentityContract.allCases, TokenContract.allCases, UserRemovalContract.allCases,
        ProjectContract.allCases, MemberContract.allCases, FileContract.allCases,
        FilePutContract.allCases, FileListContract.allCases, FileChangeContract.allCases, ListTotalContract.allCases,
        CopyMoveContract.allCases, FolderLevelContract.allCases,
        UploadContract.allCases, LeaseContract.allCases, CompletionContract.allCases, PartContract.allCases,
        PresignedUploadContract.allCases, ReadCacheContract.allCases, AutomationContract.allCases,
        SigningKeyContract.allCases, ScrubContract.allCases, UploadLinkContract.allCases,
        SenderSessionContract.allCases, OpenUploadContract.allCases, UsageContract.allCases, QuotaContract.allCases,
        OwnedUsageContract.allCases, UploadProgressContract.allCases, EventContract.allCases,
        RecordedEventContract.allCases, FileJobContract.allCases, FileJobStepContract.allCases,
        FileJobPlaceContract.allCases,
        WebhookContract.allCases,
    ]
}
