"""Which fields the portal's records have: CRM items, activities, stage history, products and their sections."""

from b24app.demo import custom_fields
from b24app.demo.fields import DATE, INT, LIST, MONEY, TEXT, TIME, YESNO, Field, table_of

_COMMON = (
    Field("id", INT, old="ID", read_only=True),
    Field("createdTime", TIME, old="DATE_CREATE", read_only=True),
    Field("updatedTime", TIME, old="DATE_MODIFY", read_only=True),
    Field("createdBy", INT, 1, old="CREATED_BY_ID", read_only=True, type="user"),
    Field("updatedBy", INT, 1, old="MODIFY_BY_ID", read_only=True, type="user"),
    Field("assignedById", INT, 1, type="user"),
    Field("opened", YESNO, "Y"),
    Field("comments", TEXT, "", type="text"),
    Field("sourceId", TEXT, "", type="crm_status", dictionary="SOURCE"),
    Field("sourceDescription", TEXT, "", type="text"),
    Field("originatorId"),
    Field("originId"),
    Field("utmSource"),
    Field("utmMedium"),
    Field("utmCampaign"),
    Field("utmContent"),
    Field("utmTerm"),
    Field("observers", LIST, (), type="user"),
    Field("lastActivityBy", INT, 1, read_only=True, type="user"),
    Field("lastActivityTime", TIME, read_only=True),
)
_STAGED = (
    Field("title", TEXT, ""),
    Field("stageSemanticId", TEXT, "P", read_only=True),
    Field("opportunity", MONEY, 0),
    Field("isManualOpportunity", YESNO, "Y"),
    Field("currencyId", TEXT, "USD", type="crm_currency"),
    Field("companyId", INT, 0, type="crm_company"),
    Field("contactId", INT, 0, type="crm_contact"),
    Field("contactIds", LIST, (), type="crm_contact"),
    Field("isReturnCustomer", YESNO, "N", read_only=True),
    Field("movedBy", INT, 1, old="MOVED_BY_ID", read_only=True, type="user"),
    Field("movedTime", TIME, read_only=True),
)
DEAL = table_of(
    (
        *_COMMON,
        *_STAGED,
        Field("stageId", TEXT, "NEW", type="crm_status", dictionary="DEAL_STAGE"),
        Field("typeId", TEXT, "SALE", type="crm_status", dictionary="DEAL_TYPE"),
        Field("categoryId", INT, 0, type="crm_category"),
        Field("isNew", YESNO, "N", read_only=True),
        Field("isRecurring", YESNO, "N"),
        Field("isRepeatedApproach", YESNO, "N", read_only=True),
        Field("closed", YESNO, "N", read_only=True),
        Field("probability", INT),
        Field("taxValue", MONEY, 0),
        Field("quoteId", INT, type="crm_quote"),
        Field("leadId", INT, type="crm_lead"),
        Field("begindate", DATE, old="BEGINDATE"),
        Field("closedate", DATE, old="CLOSEDATE"),
        Field("additionalInfo"),
        *custom_fields.DEAL,
    )
)
LEAD = table_of(
    (
        *_COMMON,
        *_STAGED,
        Field("stageId", TEXT, "NEW", type="crm_status", dictionary="STATUS"),
        Field("name", TEXT, ""),
        Field("lastName", TEXT, ""),
        Field("companyTitle", TEXT, ""),
        Field("dateClosed", TIME, read_only=True),
        Field("statusDescription"),
    )
)
SMART_PROCESS = table_of(
    (
        *_COMMON,
        Field("title", TEXT, ""),
        Field("stageId", TEXT, "", type="crm_status"),
        Field("previousStageId", TEXT, "", read_only=True),
        Field("categoryId", INT, 0, type="crm_category"),
        Field("opportunity", MONEY, 0),
        Field("isManualOpportunity", YESNO, "N"),
        Field("currencyId", TEXT, "USD", type="crm_currency"),
        Field("companyId", INT, 0, type="crm_company"),
        Field("contactId", INT, 0, type="crm_contact"),
        Field("contactIds", LIST, (), type="crm_contact"),
        Field("movedBy", INT, 1, read_only=True, type="user"),
        Field("movedTime", TIME, read_only=True),
        Field("begindate", DATE),
        Field("closedate", DATE),
    )
)
"""An item of any smart process; each has fields of its own beside these."""
CONTACT = table_of(
    (
        *_COMMON,
        Field("name", TEXT, ""),
        Field("lastName", TEXT, ""),
        Field("secondName", TEXT, ""),
        Field("post", TEXT, ""),
        Field("typeId", TEXT, "CLIENT", type="crm_status", dictionary="CONTACT_TYPE"),
        Field("companyId", INT, 0, type="crm_company"),
        Field("companyIds", LIST, (), type="crm_company"),
    )
)
COMPANY = table_of(
    (
        *_COMMON,
        Field("title", TEXT, ""),
        Field("typeId", TEXT, "CUSTOMER", type="crm_status", dictionary="COMPANY_TYPE"),
        Field("industry", TEXT, "", type="crm_status", dictionary="INDUSTRY"),
        Field("employees", TEXT, "", type="crm_status", dictionary="EMPLOYEES"),
        Field("revenue", MONEY, 0),
        Field("currencyId", TEXT, "USD", type="crm_currency"),
        Field("contactIds", LIST, (), type="crm_contact"),
    )
)
ACTIVITY = table_of(
    (
        Field("ID", INT, read_only=True),
        Field("OWNER_ID", INT, 0),
        Field("OWNER_TYPE_ID", INT, 2),
        Field("TYPE_ID", INT, 1),
        Field("PROVIDER_ID", TEXT, "CRM_MEETING"),
        Field("PROVIDER_TYPE_ID", TEXT, ""),
        Field("PROVIDER_GROUP_ID"),
        Field("ASSOCIATED_ENTITY_ID", INT, 0),
        Field("SUBJECT", TEXT, ""),
        Field("CREATED", TIME, read_only=True),
        Field("LAST_UPDATED", TIME, read_only=True),
        Field("START_TIME", TIME),
        Field("END_TIME", TIME),
        Field("DEADLINE", TIME),
        Field("COMPLETED", YESNO, "N"),
        Field("STATUS", INT, 1),
        Field("RESPONSIBLE_ID", INT, 1),
        Field("PRIORITY", INT, 2),
        Field("DESCRIPTION", TEXT, ""),
        Field("DIRECTION", INT, 0),
        Field("SETTINGS", LIST, ()),
        Field("AUTHOR_ID", INT, 1),
        Field("EDITOR_ID", INT, 1),
        Field("ORIGIN_ID"),
    )
)
STAGE_HISTORY = table_of(
    (
        Field("ID", INT),
        Field("TYPE_ID", INT, 1),
        Field("OWNER_ID", INT),
        Field("CREATED_TIME", TIME),
        Field("CATEGORY_ID", INT, 0),
        Field("STAGE_SEMANTIC_ID", TEXT, "P"),
        Field("STAGE_ID", TEXT, "NEW"),
    )
)
LEAD_HISTORY = table_of(
    (
        Field("ID", INT),
        Field("TYPE_ID", INT, 1),
        Field("OWNER_ID", INT),
        Field("CREATED_TIME", TIME),
        Field("STATUS_SEMANTIC_ID", TEXT, "P"),
        Field("STATUS_ID", TEXT, "NEW"),
    )
)
PRODUCT_ROW = table_of(
    (
        Field("id", INT, read_only=True),
        Field("ownerId", INT),
        Field("ownerType", TEXT, "D"),
        Field("productId", INT, 0),
        Field("productName", TEXT, ""),
        Field("price", MONEY, 0),
        Field("priceAccount", MONEY, read_only=True),
        Field("priceExclusive", MONEY, read_only=True),
        Field("priceNetto", MONEY, read_only=True),
        Field("priceBrutto", MONEY, read_only=True),
        Field("quantity", MONEY, 1),
        Field("discountTypeId", INT, 2),
        Field("discountRate", MONEY, 0),
        Field("discountSum", MONEY, 0),
        Field("taxRate", MONEY),
        Field("taxIncluded", TEXT, "Y", type="char"),
        Field("customized", TEXT, "Y", type="char"),
        Field("measureCode", INT, 796),
        Field("measureName", TEXT, "pcs"),
        Field("sort", INT, 10),
        Field("xmlId", TEXT, ""),
        Field("type", INT, 4, read_only=True),
        Field("storeId", INT, read_only=True),
    )
)
PRODUCT = table_of(
    (
        Field("ID", INT, read_only=True),
        Field("CATALOG_ID", INT),
        Field("NAME", TEXT, ""),
        Field("CODE", TEXT, ""),
        Field("ACTIVE", YESNO, "Y"),
        Field("SECTION_ID", INT, type="product_section"),
        Field("PRICE", MONEY, 0),
        Field("CURRENCY_ID", TEXT, "USD", type="crm_currency"),
        Field("SORT", INT, 500),
        Field("MEASURE", INT, 9),
        Field("XML_ID"),
        Field("DATE_CREATE", TIME, read_only=True),
        Field("TIMESTAMP_X", TIME, read_only=True),
    )
)
SECTION = table_of(
    (
        Field("ID", INT, read_only=True),
        Field("CATALOG_ID", INT),
        Field("SECTION_ID", INT, type="product_section"),
        Field("NAME", TEXT, ""),
        Field("CODE", TEXT, ""),
        Field("XML_ID"),
    )
)
