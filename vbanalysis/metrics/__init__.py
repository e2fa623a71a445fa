"""Results against their truth, one family a file.

A function of one image gives its figures, or what it contributes to a data set's: angles, a confusion
matrix, an overlap, counts of matches. Those are added or gathered, and a second function turns them
into the figures. Choices that benchmarks make differently are arguments with the benchmarks' names.
NumPy arrays in; nothing is resized or converted on the way.
"""

from vbanalysis.metrics.alignment import AlignedDepth, align_depth, align_disparity
from vbanalysis.metrics.boundaries import (
    BoundaryCounts,
    BoundaryMetrics,
    OcclusionMetrics,
    boundary_counts,
    boundary_metrics,
    depth_edges,
    occlusion_f1,
)
from vbanalysis.metrics.crops import CROPS, CropBox, crop_box, crop_mask
from vbanalysis.metrics.depth import DepthMetrics, depth_metrics, depth_metrics_by_region, pool_depth
from vbanalysis.metrics.depth_regions import depth_bins, edge_zones
from vbanalysis.metrics.image import psnr, ssim
from vbanalysis.metrics.instance_figures import (
    InstanceMetrics,
    InstanceSums,
    PresenceMetrics,
    instance_metrics,
    instance_sums,
    presence_metrics,
)
from vbanalysis.metrics.instances import (
    IOU_THRESHOLDS,
    InstanceCounts,
    best_annotator,
    instance_counts,
    mask_ious,
    match_instances,
)
from vbanalysis.metrics.mask_boundaries import BoundaryIou, boundary_iou, boundary_overlap, boundary_overlaps
from vbanalysis.metrics.normal_pool import NormalHistogram, histogram_normals, normal_histogram
from vbanalysis.metrics.normals import (
    NormalErrors,
    NormalMetrics,
    angular_error_deg,
    mean_normals,
    normal_errors,
    normal_metrics,
    pool_normals,
)
from vbanalysis.metrics.referring import MaskOverlap, ReferringMetrics, mask_overlap, referring_metrics
from vbanalysis.metrics.semantic import (
    SemanticMetrics,
    confusion_matrix,
    group_classes,
    keep_classes,
    semantic_metrics,
)
from vbanalysis.metrics.uncertainty import Coverage, Sparsification, sample_coverage, sparsification

__all__ = [
    "CROPS",
    "IOU_THRESHOLDS",
    "AlignedDepth",
    "BoundaryCounts",
    "BoundaryIou",
    "BoundaryMetrics",
    "Coverage",
    "CropBox",
    "DepthMetrics",
    "InstanceCounts",
    "InstanceMetrics",
    "InstanceSums",
    "MaskOverlap",
    "NormalErrors",
    "NormalHistogram",
    "NormalMetrics",
    "OcclusionMetrics",
    "PresenceMetrics",
    "ReferringMetrics",
    "SemanticMetrics",
    "Sparsification",
    "align_depth",
    "align_disparity",
    "angular_error_deg",
    "best_annotator",
    "boundary_counts",
    "boundary_iou",
    "boundary_metrics",
    "boundary_overlap",
    "boundary_overlaps",
    "confusion_matrix",
    "crop_box",
    "crop_mask",
    "depth_bins",
    "depth_edges",
    "depth_metrics",
    "depth_metrics_by_region",
    "edge_zones",
    "group_classes",
    "histogram_normals",
    "instance_counts",
    "instance_metrics",
    "instance_sums",
    "keep_classes",
    "mask_ious",
    "mask_overlap",
    "match_instances",
    "mean_normals",
    "normal_errors",
    "normal_histogram",
    "normal_metrics",
    "occlusion_f1",
    "pool_depth",
    "pool_normals",
    "presence_metrics",
    "psnr",
    "referring_metrics",
    "sample_coverage",
    "semantic_metrics",
    "sparsification",
    "ssim",
]
