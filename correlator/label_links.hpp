// What Kubernetes' usual labels say of an alert beside its name: which pod it is about, on which node that runs, what
// it is a part of. A cluster is no such whole: everything in it would be next to everything.
#pragma once

#include "correlator/estate.hpp"
#include "correlator/labels.hpp"
#include "correlator/learning.hpp"
#include "correlator/time.hpp"

#include <string>
#include <vector>

namespace incidentd {

struct LabelledSubject {
    std::string entity;               // what failed
    std::string node;                 // it is a pod there; "": not said
    std::vector<std::string> wholes;  // it is a part of these
};

// `entity`: what failed by the labels that any monitor has (entity_of). It stays what it is unless the alert is about a
// pod whose node is known, about a node, or about a workload or service whose pods are known.
LabelledSubject subject_of(const Estate& estate, const LearnSettings& learn, LabelsView labels, std::string entity,
                           Instant now);

}  // namespace incidentd
