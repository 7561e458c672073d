#pragma once

#include <functional>
#include <map>
#include <string>

#include "source/store/sealed/protector.h"
#include "source/store/store.h"

/// Bringing the credentials of a store into the form that its mode and secret ask for: after
/// credential_storage was changed, or a secret was given to a store that had none.
namespace tollgate::store {

struct ConversionReport {
  size_t credentials = 0;  ///< Documents that hold any.
  size_t converted = 0;
  size_t history = 0;                   ///< Converted documents of the history.
  std::map<std::string, size_t> forms;  ///< Values by the scheme of their form, as found.
};

/// `plain` is the store that a SealingStore stands before. Writes some hundred documents a
/// revision; what was not reached when it ended is converted by the next call. Nobody else may
/// write meanwhile, or what they write may be undone. `progress` is told the documents so far.
Result<ConversionReport> convertCredentials(Store& plain, const Protector& protector,
                                            const std::function<void(size_t)>& progress);
/// Only looks.
Result<ConversionReport> surveyCredentials(Store& plain, const Protector& protector);

}  // namespace tollgate::store
