/// The range of a list to return.
package struct Page: Hashable, Sendable {
    /// Number of entries to skip, 0 or more.
    package let offset: Int
    /// Maximum number of entries to return, 0 to 100.
    package let limit: Int

    package init(offset: Int, limit: Int) {
        self.offset = offset
        self.limit = limit
    }
}

/// One page of a list, and the length of the whole list.
package struct Listing<Item: Sendable>: Sendable {
    package let items: [Item]
    /// Number of entries in the whole list, not only in ``items``.
    package let total: Int

    package init(items: [Item], total: Int) {
        self.items = items
        self.total = total
    }
}
