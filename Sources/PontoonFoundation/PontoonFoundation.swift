// The part of Foundation that needs no Unicode data, which would add 34 MB to a statically linked program. On Apple
// platforms, this part is not a separate module.
#if canImport(FoundationEssentials)
@_exported public import FoundationEssentials
#else
@_exported public import Foundation
#endif
