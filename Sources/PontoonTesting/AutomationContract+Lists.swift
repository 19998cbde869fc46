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
        let all = try await store.automations(of: owner, named: nil, page: .all)
        try expect(all.items, equals: automations, "the newest automation is the first")
        let page = try await store.automations(of: owner, named: nil, page: Page(offset: 1, limit: 2))
        try expect(page.items, equals: Array(automations[1...2]), "a page")
        try expect([all.total, page.total], equals: [4, 4], "the totals")
        let named = try await store.automations(of: owner, named: "other", page: .all)
        try expect(named.items, equals: [automations[1]], "the automations with a name")
        try expect(named.total, equals: 1, "the number of automations with a name")
        try expect(try await store.automations(of: "bob", named: nil, page: .all).total, equals: 0, "another user")
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
}
