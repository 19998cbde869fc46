import Foundation
import PontoonCore

extension AutomationContract {
    static func automationsAndPackagesAreListed(
        _ store: some MetadataStore,
        _ fixture: AutomationFixture
    ) async throws {
        let owner = fixture.automation.owner
        var automations = [fixture.automation]
        for second in 1...3 {
            let automation = Automation(
                id: Identifiers.uuid(),
                owner: owner,
                name: second == 2 ? "other" : fixture.automation.name,
                description: "",
                createdOn: MetadataFixture.time.addingTimeInterval(Double(second))
            )
            try await store.addAutomation(automation)
            automations.insert(automation, at: 0)
        }
        let all = try await store.automations(of: owner, matching: AutomationFilter(), page: .all)
        try expect(all.items, equals: automations, "the newest automation is the first")
        let page = try await store.automations(of: owner, matching: AutomationFilter(), page: Page(offset: 1, limit: 2))
        try expect(page.items, equals: Array(automations[1...2]), "a page")
        try expect([all.total, page.total], equals: [4, 4], "the totals")
        let named = try await store.automations(of: owner, matching: AutomationFilter(name: "other"), page: .all)
        try expect(named.items, equals: [automations[1]], "the automations with a name")
        try expect(named.total, equals: 1, "the number of automations with a name")
        let others = try await store.automations(of: "bob", matching: AutomationFilter(), page: .all)
        try expect(others.total, equals: 0, "another user")
        let file = try await fixture.addFile(to: store)
        var packages: [CodePackage] = []
        for _ in 0..<3 {
            let package = fixture.package(of: file)
            try await store.addPackage(package)
            packages.append(package)
        }
        packages.sort { $0.id < $1.id }
        let listed = try await store.packages(of: fixture.automation.id, page: .all)
        try expect(listed.items, equals: packages, "the packages")
        let last = try await store.packages(of: fixture.automation.id, page: Page(offset: 2, limit: 9))
        try expect(last.items, equals: [packages[2]], "the last page")
        try expect([listed.total, last.total], equals: [3, 3], "the totals of packages")
        try expect(try await store.packages(of: automations[0].id, page: .all).total, equals: 0, "no packages")
    }

    static func automationsAndPackagesAreChanged(
        _ store: some MetadataStore,
        _ fixture: AutomationFixture
    ) async throws {
        let (id, owner) = (fixture.automation.id, fixture.automation.owner)
        let later = MetadataFixture.time.addingTimeInterval(5)
        let named = try await store.updateAutomation(id, AutomationChange(name: "new"), now: later)
        try expect(named?.name, equals: "new", "the new name")
        try expect(named?.description, equals: fixture.automation.description, "what is not changed")
        try expect(named?.modifiedOn, equals: later, "the time of the change")
        let archived = try await store.updateAutomation(
            id,
            AutomationChange(description: "d", isArchived: true),
            now: later
        )
        try expect(archived?.isArchived, equals: true, "the automation is archived")
        try expect(try await store.automation(id), equals: archived, "the change is stored")
        for name in [nil, "new"] {
            let listed = try await store.automations(of: owner, matching: AutomationFilter(name: name), page: .all)
            try expect(listed.items, equals: [], "an archived automation is not listed")
            try expect(listed.total, equals: 0, "nor counted")
            let filter = AutomationFilter(name: name, includesArchived: true)
            let all = try await store.automations(of: owner, matching: filter, page: .all)
            try expect(all.items.map(\.id), equals: [id], "but it is listed on request")
            try expect(all.total, equals: 1, "and counted")
        }
        let none = try await store.updateAutomation("nope", AutomationChange(name: "x"), now: later)
        try expect(none, equals: nil, "an unknown automation")

        let package = fixture.package(of: try await fixture.addFile(to: store))
        try await store.addPackage(package)
        let limited = try await store.updatePackage(package.id, CodePackageChange(memoryLimit: 9))
        try expect(limited?.memoryLimit, equals: 9, "the new limit")
        let changed = try await store.updatePackage(package.id, CodePackageChange(isArchived: true))
        try expect(changed?.isArchived, equals: true, "the package is archived")
        try expect(changed?.memoryLimit, equals: 9, "the limit is kept")
        try expect(try await store.packages(of: id, page: .all).items, equals: [changed], "it is listed nevertheless")
        let restored = try await store.updatePackage(package.id, CodePackageChange(isArchived: false))
        try expect(restored?.isArchived, equals: false, "the package is restored")
        try expect(try await store.updatePackage("nope", CodePackageChange()), equals: nil, "an unknown package")
    }

    static func packageUploadsAreListed(_ store: some MetadataStore, _ fixture: AutomationFixture) async throws {
        let user = fixture.fixture.user.name
        let uploads = [fixture.upload(), fixture.upload()]
        for upload in uploads { try await store.addUpload(upload) }
        try await store.addUpload(fixture.fixture.upload("a"))
        let list = try await store.packageUploads(of: user, page: .all)
        try expect(list.items.map(\.upload.id).sorted(), equals: uploads.map(\.id).sorted(), "uploads of packages")
        let page = try await store.packageUploads(of: user, page: Page(offset: 1, limit: 1))
        try expect(page.items, equals: [list.items[1]], "a page")
        try expect([list.total, page.total], equals: [2, 2], "the totals")
        try expect(try await store.packageUploads(of: "bob", page: .all).total, equals: 0, "another user")
    }
}
