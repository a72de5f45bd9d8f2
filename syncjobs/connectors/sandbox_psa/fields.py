"""What Pinion PSA's objects hold."""

from typing import Final

_STAMPS: Final = ("Id", "CreatedAt", "ModifiedAt", "IsDeleted")

PROJECT_TARGET: Final = (
    "Code", "Name", "ClientCode", "ClientName", "ContractNumber", "EngagementId", "Status",
    "Currency", "BudgetHours", "StartDate", "EndDate", "BillingType", "BillingStatus",
    "InvoicedAmount", "PaidAmount", "LastInvoice", "ProjectManager", "PlannedHours",
    "PlannedCost", "ExternalRef",
)  # fmt: skip
RESOURCE_TARGET: Final = (
    "Number", "FirstName", "LastName", "Email", "Role", "Grade", "Office", "CostRate", "BillRate",
    "Currency", "Active", "PlannedHours", "UtilizationBaseline", "ExternalRef",
)  # fmt: skip
ASSIGNMENT_TARGET: Final = (
    "Number", "ProjectId", "ProjectCode", "ResourceId", "ResourceNumber", "Role", "StartDate",
    "EndDate", "Rate", "Currency", "JobCode", "PlannedHours", "EngagementId", "ExternalRef",
)  # fmt: skip
TASK_TARGET: Final = (
    "Number", "ProjectId", "ProjectCode", "Name", "PlannedHours", "ServiceItem", "Billable",
    "Status", "StartDate", "EndDate", "EngagementId", "ExternalRef",
)  # fmt: skip
TIME_TARGET: Final = (
    "Number", "ProjectId", "ProjectCode", "ResourceId", "ResourceNumber", "Task", "WorkDate",
    "Hours", "Rate", "Currency", "Billable", "State", "ApprovedAt", "ApprovedBy", "Notes",
    "EngagementId", "Entity", "InvoiceRef", "ExternalRef",
)  # fmt: skip
EXPENSE_TARGET: Final = (
    "Number", "ProjectId", "ProjectCode", "ResourceId", "ResourceNumber", "Category",
    "ExpenseDate", "Cost", "TaxAmount", "BillAmount", "Currency", "Billable", "Reimbursable",
    "State", "ApprovedAt", "ApprovedBy", "Notes", "Receipt", "EngagementId", "Entity",
    "ExternalRef",
)  # fmt: skip
MILESTONE_TARGET: Final = (
    "Number", "ProjectId", "ProjectCode", "Name", "Amount", "Currency", "Status", "DueDate",
    "CompletedAt", "AmendmentRequired", "ContractNumber", "EngagementId", "BillingStatus",
    "ExternalRef",
)  # fmt: skip
PROJECT: Final = (*_STAMPS, *PROJECT_TARGET)
RESOURCE: Final = (*_STAMPS, *RESOURCE_TARGET, "Name")
ASSIGNMENT: Final = (*_STAMPS, *ASSIGNMENT_TARGET)
TASK: Final = (*_STAMPS, *TASK_TARGET)
TIME: Final = (*_STAMPS, *TIME_TARGET, "ResourceName")
EXPENSE: Final = (*_STAMPS, *EXPENSE_TARGET)
MILESTONE: Final = (*_STAMPS, *MILESTONE_TARGET)
